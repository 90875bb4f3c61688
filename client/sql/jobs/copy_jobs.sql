-- copy_jobs.sql: very many of them that are due at a time or at once: nothing is parsed, planned or folded for each.
COPY {schema}.job (id, queue, due_at, envelope) FROM STDIN;
