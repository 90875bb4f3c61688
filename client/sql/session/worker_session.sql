-- worker_session.sql: for each new session of a worker: what it says of jobs is durable whatever the default, and its
-- backend ends soon after the network has swallowed it, so that its locks do not outlive it for hours.  Nor does it wait
-- for a moment without other transactions, as deferrable ones do that are serializable and read-only.
SET synchronous_commit = on;
SET default_transaction_deferrable = off;
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 25000;
