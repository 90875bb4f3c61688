-- enqueue.sql: enqueues a durable job in the caller's transaction: it exists if, and only if, that commits.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args text DEFAULT '[]', queue text DEFAULT 'default', countdown interval DEFAULT NULL,
  eta timestamptz DEFAULT NULL, max_retries int DEFAULT NULL, expires interval DEFAULT NULL,
  database text DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  name_rule CONSTANT text := '^[A-Za-z0-9_.-]{1,64}$';
  name_hint CONSTANT text := 'A name has 1 to 64 characters out of a-z A-Z 0-9 _ . - and nothing else.';
  args_hint CONSTANT text := 'args is the text of a JSON array with one element for each argument, such as ''[42, "a"]''.';
  last_time CONSTANT timestamptz := '2262-04-11 00:00:00+00';  -- what 64 bits of nanoseconds hold
  longest CONSTANT interval := '200 years';
  size_limit CONSTANT int := 1048576;
  own_schema CONSTANT text := (current_schemas(false))[2];  -- of the search_path above
  asked_at CONSTANT timestamptz := clock_timestamp();
  asked_us CONSTANT bigint := extract(epoch FROM asked_at) * 1000000;
  part_of_ms CONSTANT int := asked_us % 1000 * 4096 / 1000;
  id_bytes bytea;
  due_at timestamptz := eta;
  flaw text;
  hint text := '';
  envelope text;
  used boolean := false;
BEGIN
  IF (task COLLATE "C" ~ name_rule) IS NOT TRUE THEN
    flaw := 'task ' || quote_nullable(left(task, 80)) || ' is not a name';
    hint := name_hint;
  ELSIF (queue COLLATE "C" ~ name_rule) IS NOT TRUE THEN
    flaw := 'queue ' || quote_nullable(left(queue, 80)) || ' is not a name';
    hint := name_hint;
  ELSIF database COLLATE "C" !~ name_rule THEN
    flaw := 'database ' || quote_nullable(left(database, 80)) || ' is not a name';
    hint := name_hint || ' It is the alias by which workers know this database.';
  ELSIF countdown IS NOT NULL AND eta IS NOT NULL THEN
    flaw := 'there are both a countdown and an eta';
    hint := 'Give one of them, or neither.';
  ELSIF countdown < interval '0' OR countdown > longest THEN
    flaw := 'countdown ' || countdown || ' is not a wait';
    hint := 'It is an interval from 0 to 200 years.';
  ELSIF NOT isfinite(eta) OR eta > last_time THEN
    flaw := 'eta ' || eta || ' is not a time';
    hint := 'It is a timestamp up to the year 2262.';
  ELSIF expires < interval '0' OR expires > longest THEN
    flaw := 'expires ' || expires || ' is not a length of time';
    hint := 'It is an interval from 0 to 200 years.';
  ELSIF max_retries NOT BETWEEN 0 AND 999999 THEN
    flaw := 'max_retries ' || max_retries || ' is out of range';
    hint := 'It is a whole number from 0 to 999999.';
  ELSE
    flaw := args_flaw(args);
    hint := args_hint;
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
    -- A UUIDv7 out of a random one: 48 bits of milliseconds, the version, 12 bits of the rest of the time.
    id_bytes := overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(asked_us / 1000) FROM 3) FROM 1 FOR 6);
    id_bytes := set_byte(set_byte(id_bytes, 6, 112 | (part_of_ms >> 8)), 7, part_of_ms & 255);
    id := encode(id_bytes, 'hex')::uuid;
  END IF;
  IF countdown IS NOT NULL THEN
    due_at := asked_at + countdown;
  END IF;
  envelope := '{"v":1,"id":"' || id || '","task":"' || task || '","args":' || args || ',"queue":"' || queue
    || '","enqueued_at":' || asked_us / 1000
    || coalesce(',"max_retries":' || max_retries, '')
    || coalesce(',"expires_at":' || (extract(epoch FROM asked_at + expires) * 1000000)::bigint / 1000, '')
    || coalesce(',"database":"' || database || '"', '')
    || ',"durable":true}';
  IF octet_length(convert_to(envelope, 'UTF8')) > size_limit THEN
    RAISE EXCEPTION 'cannot enqueue task ''%'': the job takes % bytes, over the limit of %', task,
      octet_length(convert_to(envelope, 'UTF8')), size_limit
      USING ERRCODE = '22023', HINT = 'Store the data and pass its key.';
  END IF;
  IF NOT used THEN
    INSERT INTO job (id, queue, due_at, envelope) VALUES (id, queue, due_at, envelope) ON CONFLICT DO NOTHING;
    used := NOT FOUND;
  END IF;
  IF used THEN
    RAISE EXCEPTION 'cannot enqueue task ''%'': the id % was used before', task, id
      USING ERRCODE = '23505', HINT = 'Leave the id out, or make a new one for each job.';
  END IF;

  -- A commit that notifies waits for all others that do, in the whole database: so one at a time is enough, and a
  -- relay looks by itself before long.
  IF lower(coalesce(current_setting('aftercommit.notify', true), '')) NOT IN ('off', 'false', 'no', '0')
      AND pg_try_advisory_xact_lock(hashtextextended('aftercommit.notify ' || own_schema, 0)) THEN
    PERFORM pg_notify(own_schema, '');
  END IF;
  RETURN id;
END
$function$;

-- The same for args of the type json or jsonb; a literal of no type goes to the function above.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args json, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id);
$function$;

CREATE OR REPLACE FUNCTION {schema}.enqueue(
  task text, args jsonb, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id);
$function$;
