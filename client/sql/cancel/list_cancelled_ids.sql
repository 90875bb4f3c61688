-- list_cancelled_ids.sql: those that did not take effect, and that had a row.
SELECT id FROM {schema}.cancelled
WHERE id > $1 AND queue IS NOT NULL AND state NOT IN ('requested', 'too_late') ORDER BY id LIMIT 10000;
