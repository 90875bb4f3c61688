-- The same effect, with each statement a round trip.
\set i :i + 1
\set n {number}
BEGIN;
{guard_job};
INSERT INTO bench_effect(id, name) VALUES (:n, 'welcome');
COMMIT;
