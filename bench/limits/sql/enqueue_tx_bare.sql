-- A caller's transaction of one row, and no job.
\set i :i + 1
\set n {number}
BEGIN;
INSERT INTO bench_effect(id, name) VALUES (:n, 'welcome');
COMMIT;
