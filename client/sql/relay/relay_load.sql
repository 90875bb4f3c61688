-- relay_load.sql: the rows of these jobs as they are now, those that are there, and whose answer it is: also where none is.
SELECT {origin}, id, queue, attempt,
       coalesce(extract(epoch FROM least(greatest(due_at, 'epoch'), '200000-01-01Z') - pg_catalog.clock_timestamp())::float8
         * 1000::float8, 0)::bigint,
       envelope
FROM (SELECT) AS one LEFT JOIN {schema}.job ON id = ANY ($1::uuid[]);
