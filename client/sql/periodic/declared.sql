-- declared.sql: put for "{declared}": what a program declares, out of $2, a JSON array of objects.
pg_catalog.json_to_recordset($2::json)
  AS given (name text, task text, schedule text, zone text, missed text, envelope text)
