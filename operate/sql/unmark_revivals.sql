-- unmark_revivals.sql: as unmark_revival.sql, for many; gives those that were marked, and nobody has taken.
UPDATE {schema}.job SET due_at = NULL
WHERE id IN (SELECT id FROM {schema}.job WHERE id = ANY ($1::uuid[]) AND due_at = 'epoch' FOR UPDATE SKIP LOCKED)
RETURNING id, queue, envelope;
