-- blame_row.sql: by whom the rows of this condition were written, an id of 32 bits; the whole id that comes next, for those;
-- and how many ids ago rows of their table have lost theirs, as they were frozen.  Nothing else of a row is read.
SELECT found.xmin::text, pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text,
  (SELECT pg_catalog.age(relfrozenxid) FROM pg_catalog.pg_class WHERE oid = found.tableoid)::text
FROM {table} AS found WHERE {condition} LIMIT 2;
