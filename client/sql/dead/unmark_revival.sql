-- unmark_revival.sql: Redis has forgotten the copy that died, so this job is like any other that a relay reads.
UPDATE {schema}.job SET due_at = NULL
WHERE id = (SELECT id FROM {schema}.job WHERE id = $1 AND due_at = 'epoch' FOR UPDATE SKIP LOCKED);
