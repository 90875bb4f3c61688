-- rows_among.sql: which of these jobs have a row.
SELECT id FROM {schema}.job WHERE id = ANY ($1::uuid[]);
