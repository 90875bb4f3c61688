-- A durable job's transaction as the worker sends it: BEGIN with the guard, the task's statement, COMMIT with the proof.
\set i :i + 1
\set n {number}
\startpipeline
BEGIN;
{guard_job};
\endpipeline
INSERT INTO bench_effect(id, name) VALUES (:n, 'welcome');
\startpipeline
{proof};
COMMIT;
\endpipeline
