-- read_pages.sql: where a loop has come to, and whether it is done; no row: it has yet to begin.  Asked in the transaction of
-- each page, which has the row of the flow's job: what another copy of the flow has done is seen.
SELECT value, done_at IS NOT NULL FROM {schema}.flow_step WHERE flow = $1 AND place = $2;
