-- blame_columns.sql: the columns of table $1, those of its primary key first: name, name as SQL writes it, type, whether it is
-- of that key.
SELECT own.attname, pg_catalog.format('%I', own.attname), pg_catalog.format_type(own.atttypid, own.atttypmod),
  place.nth IS NOT NULL
FROM pg_catalog.pg_attribute AS own
LEFT JOIN (
  SELECT one.attnum, one.nth FROM pg_catalog.pg_index AS key,
    pg_catalog.unnest(key.indkey::int2[]) WITH ORDINALITY AS one (attnum, nth)
  WHERE key.indrelid = $1::oid AND key.indisprimary AND one.nth <= key.indnkeyatts) AS place ON place.attnum = own.attnum
WHERE own.attrelid = $1::oid AND own.attnum > 0 AND NOT own.attisdropped
ORDER BY place.nth, own.attnum;
