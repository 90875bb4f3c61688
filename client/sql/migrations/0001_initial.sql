-- 0001_initial.sql: the tables of durable jobs, and the function that enqueues by SQL.

CREATE TABLE {schema}.migration (
  version int PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now());

-- Durable jobs not yet in effect.  Rows live shortly, so dead ones are cleared early and at full speed; the room in
-- the pages is for the failures, which rewrite a row in its place.
CREATE TABLE {schema}.job (
  id uuid PRIMARY KEY,
  queue text NOT NULL CHECK (queue COLLATE "C" ~ '^[A-Za-z0-9_.-]{1,64}$'),
  attempt int NOT NULL DEFAULT 1 CHECK (attempt >= 1),  -- of the next execution, as in the envelope
  due_at timestamptz,                                   -- null: at once
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),      -- who inserted it: what the relay sweeps by
  enqueued_at timestamptz NOT NULL DEFAULT now(),
  envelope text NOT NULL)                               -- docs/wire-format.md
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0.01,
      toast.autovacuum_vacuum_threshold = 1000, toast.autovacuum_vacuum_cost_delay = 0);
-- What the relay sweeps by.  The condition holds for every row and only the relay states it: without it PostgreSQL, where
-- it believes the table to be empty, may look up an id here, and reads this index as a whole.
CREATE INDEX job_sweep ON {schema}.job (queue, xact, id) WHERE xact > '0';

-- Durable jobs that will not run again by themselves.
CREATE TABLE {schema}.dead (
  id uuid PRIMARY KEY,
  queue text NOT NULL,
  died_at timestamptz NOT NULL DEFAULT now(),
  letter text NOT NULL);  -- docs/wire-format.md
CREATE INDEX dead_recent ON {schema}.dead (queue, died_at);

-- Jobs of other deliveries already in effect.
CREATE TABLE {schema}.ledger (
  id uuid PRIMARY KEY,
  done_at timestamptz NOT NULL DEFAULT now())
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ledger_age ON {schema}.ledger (done_at);

-- What is wrong with the arguments of a job, in words; null if nothing is.  Walks over json and not jsonb: that keeps
-- the digits of a number as they were written, and both members of a key that stands twice.
CREATE FUNCTION {schema}.args_flaw(args text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  tree json;
  escapes text;
  detail text;
  value_count bigint;
  too_deep boolean;
  key_twice boolean;
  whole_number text;
BEGIN
  IF args IS NULL THEN
    RETURN 'args is NULL';
  END IF;
  IF octet_length(args) > 1048576 THEN
    RETURN 'args takes ' || octet_length(args) || ' bytes, over the limit of 1048576';
  END IF;
  IF getdatabaseencoding() = 'SQL_ASCII' AND args COLLATE "C" ~ '[^\x01-\x7f]' THEN
    RETURN 'args holds more than ASCII, and what it means is unknown in a database with the encoding SQL_ASCII';
  END IF;

  tree := args::json;
  IF json_typeof(tree) <> 'array' THEN
    RETURN 'args is a JSON ' || json_typeof(tree) || ' and not an array';
  END IF;

  IF strpos(args, '\u') > 0 THEN
    escapes := regexp_replace(args, '\\[^u]', '', 'g');  -- so that every backslash left begins a \u
    IF escapes ~ '\\u0000' THEN
      RETURN 'args holds the character \u0000, which PostgreSQL has no text for';
    END IF;
    IF regexp_replace(escapes, '\\u[dD][89abAB]..\\u[dD][c-fC-F]..', '', 'g') ~ '\\u[dD][89a-fA-F]' THEN
      RETURN 'args holds one half of a surrogate pair';
    END IF;
  END IF;

  WITH RECURSIVE node AS (
    SELECT tree AS value, 1 AS depth
    UNION ALL
    SELECT child.value, depth + 1
    FROM node, LATERAL (
      SELECT element.value
      FROM json_array_elements(CASE json_typeof(node.value) WHEN 'array' THEN node.value END) AS element
      UNION ALL
      SELECT member.value
      FROM json_each(CASE json_typeof(node.value) WHEN 'object' THEN node.value END) AS member) AS child
    WHERE depth <= 64),
  bounded AS (SELECT value, value::text AS digits, json_typeof(value) AS kind, depth FROM node LIMIT 10002)
  SELECT count(*) - 1,
         bool_or(depth > 64 AND kind IN ('array', 'object')),
         bool_or(CASE kind WHEN 'object' THEN (SELECT count(*) > count(DISTINCT key) FROM json_object_keys(value) AS key)
                 END),
         min(CASE WHEN kind <> 'number' OR digits ~ '[.eE]' THEN NULL
                  WHEN length(digits) > 20 THEN left(digits, 40)
                  WHEN digits::numeric NOT BETWEEN -9223372036854775808 AND 18446744073709551615 THEN digits END),
         string_agg(CASE WHEN kind = 'number' AND digits ~ '[.eE]' AND digits::float8 IS NULL THEN '' END, '')
  INTO value_count, too_deep, key_twice, whole_number, detail  -- the last one fails if a double cannot hold a number
  FROM bounded;

  RETURN CASE
    WHEN value_count > 10000 THEN 'args holds more than 10000 values'
    WHEN too_deep THEN 'args nests arrays and objects deeper than 64 levels'
    WHEN key_twice THEN 'args holds an object with the same key twice'
    WHEN whole_number IS NOT NULL THEN 'args holds the whole number ' || whole_number || ', which does not fit 64 bits'
  END;
EXCEPTION
  WHEN statement_too_complex THEN
    RETURN 'args nests arrays and objects deeper than 64 levels';
  WHEN numeric_value_out_of_range THEN
    RETURN 'args holds a number that a double cannot: ' || left(SQLERRM, 80);
  WHEN data_exception THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN 'args is not JSON: ' || left(concat_ws('; ', SQLERRM, nullif(detail, '')), 200);
END
$function$;

-- Enqueues a durable job in the caller's transaction: it exists if, and only if, that commits.
CREATE FUNCTION {schema}.enqueue(
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

  IF id IS NULL THEN
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
  INSERT INTO job (id, queue, due_at, envelope) VALUES (id, queue, due_at, envelope);

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
CREATE FUNCTION {schema}.enqueue(
  task text, args json, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id);
$function$;

CREATE FUNCTION {schema}.enqueue(
  task text, args jsonb, queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT enqueue(task, args::text, queue, countdown, eta, max_retries, expires, database, id);
$function$;

INSERT INTO {schema}.migration (version) VALUES (1);
