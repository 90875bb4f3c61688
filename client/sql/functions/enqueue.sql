-- enqueue.sql: enqueues a durable job in the caller's transaction: it exists if, and only if, that commits.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args text DEFAULT '[]', queue text DEFAULT 'default', countdown interval DEFAULT NULL,
  eta timestamptz DEFAULT NULL, max_retries int DEFAULT NULL, expires interval DEFAULT NULL,
  database text DEFAULT NULL, id uuid DEFAULT NULL, priority int DEFAULT NULL, headers jsonb DEFAULT NULL,
  traceparent text DEFAULT NULL, unique_key text DEFAULT NULL, unique_until text DEFAULT NULL,
  unique_for interval DEFAULT NULL, on_duplicate text DEFAULT NULL, longest_delay interval DEFAULT NULL,
  limit_key text DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  longest CONSTANT interval := '200 years';
  size_limit CONSTANT int := 1048576;
  own_schema CONSTANT text := (current_schemas(false))[2];  -- of the search_path above
  asked_at CONSTANT timestamptz := clock_timestamp();
  is_unique CONSTANT boolean := num_nonnulls(unique_key, unique_until, unique_for, on_duplicate, longest_delay) > 0;
  due_at timestamptz;
  fresh CONSTANT boolean := id IS NULL;
  options text;
  flaw text;
  hint text;
  envelope text;
  used boolean := false;
  own boolean;
BEGIN
  options := job_options(task, queue, countdown, eta, max_retries, expires, database, priority, headers, traceparent,
                         is_unique, limit_key, asked_at);
  due_at := coalesce(asked_at + countdown, eta);
  IF args_are_plain(args) IS NOT TRUE THEN
    flaw := args_flaw(args);
    hint := 'args is the text of a JSON array with one element for each argument, such as ''[42, "a"]''.';
  END IF;
  IF flaw IS NULL AND is_unique THEN
    IF id IS NOT NULL THEN
      flaw := 'there are both an id of its own and what makes it unique';
      hint := 'A unique job has the id of the one that has won: leave the id out.';
    ELSIF char_length(unique_key) NOT BETWEEN 1 AND 1024 THEN
      flaw := 'unique_key has ' || char_length(unique_key) || ' characters';
      hint := 'It has 1 to 1024; without one a job is unique by its task and arguments.';
    ELSIF unique_until NOT IN ('done', 'start') THEN
      flaw := 'unique_until ' || quote_literal(left(unique_until, 80)) || ' is unknown';
      hint := 'It is ''done'' or ''start''.';
    ELSIF unique_for < interval '1 ms' OR unique_for > longest THEN
      flaw := 'unique_for ' || unique_for || ' is not a length of time';
      hint := 'It is an interval from 1 ms to 200 years.';
    ELSIF unique_for IS NOT NULL AND unique_until IS NOT NULL THEN
      flaw := 'there are both unique_for and unique_until';
      hint := 'A job has its key for a period, or until it starts or is done.';
    ELSIF on_duplicate NOT IN ('skip', 'replace', 'debounce', 'once_more') THEN
      flaw := 'on_duplicate ' || quote_literal(left(on_duplicate, 80)) || ' is unknown';
      hint := 'It is ''skip'', ''replace'', ''debounce'' or ''once_more''.';
    ELSIF on_duplicate = 'once_more' AND unique_for IS NOT NULL THEN
      flaw := 'on_duplicate ''once_more'' does not go with unique_for';
      hint := 'In a period there is one job and no other: give unique_until, or another on_duplicate.';
    ELSIF on_duplicate = 'debounce' AND countdown IS NULL THEN
      flaw := 'on_duplicate ''debounce'' needs a countdown';
      hint := 'It is how long the job waits after the last call.';
    ELSIF longest_delay < interval '0' OR longest_delay > longest THEN
      flaw := 'longest_delay ' || longest_delay || ' is not a wait';
      hint := 'It is an interval from 0 to 200 years.';
    ELSIF longest_delay IS NOT NULL AND on_duplicate IS DISTINCT FROM 'debounce' THEN
      flaw := 'longest_delay goes with on_duplicate ''debounce'' alone';
      hint := 'It is how long after the first call the job runs in any case.';
    END IF;
  END IF;
  IF flaw IS NOT NULL THEN
    RAISE EXCEPTION 'cannot enqueue task %: %', quote_nullable(left(task, 80)), flaw USING ERRCODE = '22023', HINT = hint;
  END IF;

  IF id IS NOT NULL THEN
    IF NOT (has_column_privilege('ledger', 'id', 'INSERT') AND has_column_privilege('dead', 'id', 'SELECT')) THEN
      RAISE EXCEPTION 'cannot enqueue task ''%'' with an id of its own: % may not look whether it was used before', task,
        current_user USING ERRCODE = '42501',
        HINT = format('GRANT INSERT (id) ON %1$I.ledger, SELECT (id) ON %1$I.dead, or leave the id out.', own_schema);
    END IF;
    -- The ledger remembers it after the job has gone, as it does the jobs of other deliveries.
    INSERT INTO ledger (id) VALUES (id) ON CONFLICT DO NOTHING;
    used := NOT FOUND OR EXISTS (SELECT FROM dead WHERE dead.id = enqueue.id);
  ELSE
    id := new_job_id(asked_at);
  END IF;
  envelope := '{"v":1,"id":"' || id || '","task":"' || task || '","args":' || args || options;
  IF octet_length(args) > 200000 AND octet_length(convert_to(envelope, 'UTF8')) > size_limit THEN
    RAISE EXCEPTION 'cannot enqueue task ''%'': the job takes % bytes, over the limit of %', task,
      octet_length(convert_to(envelope, 'UTF8')), size_limit
      USING ERRCODE = '22023', HINT = 'Store the data and pass its key.';
  END IF;
  IF is_unique THEN
    SELECT claimed.winner, claimed.own INTO id, own FROM claim_unique(
      task, args, unique_key, coalesce(unique_until, 'done'), unique_for, coalesce(on_duplicate, 'skip'), longest_delay,
      id, queue, due_at, envelope) AS claimed;
    PERFORM set_config('aftercommit.own', CASE WHEN own THEN 'on' ELSE 'off' END, true);
    IF NOT own THEN
      RETURN id;
    END IF;
  ELSIF fresh THEN
    INSERT INTO job (id, queue, due_at, envelope) VALUES (id, queue, due_at, envelope);
  ELSIF NOT used THEN
    INSERT INTO job (id, queue, due_at, envelope) VALUES (id, queue, due_at, envelope) ON CONFLICT DO NOTHING;
    used := NOT FOUND;
  END IF;
  IF used THEN
    RAISE EXCEPTION 'cannot enqueue task ''%'': the id % was used before', task, id
      USING ERRCODE = '23505', HINT = 'Leave the id out, or make a new one for each job.';
  END IF;

  PERFORM tell_relays();
  RETURN id;
END
$function$;

-- The same for args of the type json or jsonb; a literal of no type goes to the function above.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args json, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL,
  priority int DEFAULT NULL, headers jsonb DEFAULT NULL, traceparent text DEFAULT NULL, unique_key text DEFAULT NULL,
  unique_until text DEFAULT NULL, unique_for interval DEFAULT NULL, on_duplicate text DEFAULT NULL,
  longest_delay interval DEFAULT NULL, limit_key text DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id, priority, headers, traceparent,
                 unique_key, unique_until, unique_for, on_duplicate, longest_delay, limit_key);
$function$;

CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args jsonb, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL,
  priority int DEFAULT NULL, headers jsonb DEFAULT NULL, traceparent text DEFAULT NULL, unique_key text DEFAULT NULL,
  unique_until text DEFAULT NULL, unique_for interval DEFAULT NULL, on_duplicate text DEFAULT NULL,
  longest_delay interval DEFAULT NULL, limit_key text DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id, priority, headers, traceparent,
                 unique_key, unique_until, unique_for, on_duplicate, longest_delay, limit_key);
$function$;

-- Those of earlier versions have fewer parameters, and beside these no call would be clear.  Who was granted their use is
-- granted that of these.  One that something of the application's was made to depend on stays, under another name.
SELECT pg_catalog.set_config('aftercommit.schema', {schema_name}, true);
DO $do$
DECLARE
  ours CONSTANT oid := (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_setting('aftercommit.schema'));
  earlier record;
  granted record;
  successor text;
BEGIN
  FOR earlier IN
    SELECT oid::regprocedure::text AS called, proowner, proacl, proargtypes[1] AS args FROM pg_catalog.pg_proc
    WHERE pronamespace = ours AND proname = 'enqueue' AND pronargs IN (9, 17)
  LOOP
    SELECT oid::regprocedure::text INTO STRICT successor FROM pg_catalog.pg_proc
    WHERE pronamespace = ours AND proname = 'enqueue' AND pronargs = 18 AND proargtypes[1] = earlier.args;
    IF earlier.proacl IS NOT NULL THEN
      EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', successor);
      FOR granted IN
        SELECT grantee, is_grantable FROM pg_catalog.aclexplode(earlier.proacl) WHERE grantee <> earlier.proowner
      LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s %s', successor,
                       CASE granted.grantee WHEN 0 THEN 'PUBLIC'
                         ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END,
                       CASE WHEN granted.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
      END LOOP;
    END IF;
    BEGIN
      EXECUTE format('DROP FUNCTION %s', earlier.called);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      EXECUTE format('ALTER FUNCTION %s RENAME TO enqueue_before_4', earlier.called);
    END;
  END LOOP;
END
$do$;
