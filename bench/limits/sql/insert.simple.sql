-- A durable job's transaction as the worker sends it: BEGIN with the guard, the task's statement, COMMIT with the proof.
\set i :i + 1
\set n {number}
BEGIN \; {guard_job} \gset
INSERT INTO bench_effect(id, name) VALUES (:n, 'welcome');
{proof} \; COMMIT;
