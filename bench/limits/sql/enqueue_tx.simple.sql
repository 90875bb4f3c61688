-- A caller's transaction of one row and one durable job: the job travels with COMMIT.
\set i :i + 1
\set n {number}
BEGIN;
INSERT INTO bench_effect(id, name) VALUES (:n, 'welcome');
{insert_jobs} \; COMMIT;
