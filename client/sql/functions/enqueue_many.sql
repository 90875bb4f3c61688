-- enqueue_many.sql: enqueues a durable job for each of `args`, in their order and by one statement, in the caller's
-- transaction.  Answers their ids in that order; none for NULL, which is what array_agg() makes of no rows.
CREATE OR REPLACE FUNCTION {schema}.enqueue_many(
  task text, args text[], queue text DEFAULT 'default', countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL,
  max_retries int DEFAULT NULL, expires interval DEFAULT NULL, database text DEFAULT NULL, priority int DEFAULT NULL,
  headers jsonb DEFAULT NULL, traceparent text DEFAULT NULL, limit_key text DEFAULT NULL)
RETURNS uuid[] LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  size_limit CONSTANT int := 1048576;
  asked_at CONSTANT timestamptz := clock_timestamp();
  due_at timestamptz;
  head CONSTANT text := '{"v":1,"id":"';
  middle CONSTANT text := '","task":"' || task || '","args":';
  options text;
  rest int;  -- bytes beside the arguments
  place bigint;
  flaw text;
  ids uuid[];
BEGIN
  options := job_options(task, queue, countdown, eta, max_retries, expires, database, priority, headers, traceparent,
                         false, limit_key, asked_at);
  due_at := coalesce(asked_at + countdown, eta);
  rest := octet_length(convert_to(head || middle || options, 'UTF8')) + 36;
  SELECT each.place, each.flaw INTO place, flaw
  FROM (SELECT given.place, CASE
          WHEN args_are_plain(given.args) THEN NULL
          WHEN octet_length(given.args) > 200000 AND octet_length(convert_to(given.args, 'UTF8')) + rest > size_limit
          THEN 'the job takes ' || octet_length(convert_to(given.args, 'UTF8')) + rest || ' bytes, over the limit of '
            || size_limit
          ELSE args_flaw(given.args) END AS flaw
        FROM unnest(args) WITH ORDINALITY AS given (args, place) OFFSET 0) AS each
  WHERE each.flaw IS NOT NULL LIMIT 1;
  IF flaw IS NOT NULL THEN
    RAISE EXCEPTION 'cannot enqueue task ''%'' with element % of args: %', task, place, flaw USING ERRCODE = '22023',
      HINT = 'args is an array of texts, each a JSON array with one element for each argument, such as ''[42, "a"]''.';
  END IF;

  -- Without RETURNING, for which a role needs the right to read jobs.
  SELECT coalesce(array_agg(new_job_id(clock_timestamp())), '{}') INTO ids FROM generate_series(1, cardinality(args));
  INSERT INTO job (id, queue, due_at, envelope)
  SELECT made.id, queue, due_at, head || made.id || middle || made.args || options FROM unnest(ids, args) AS made (id, args);
  IF ids <> '{}' THEN
    PERFORM tell_relays();
  END IF;
  RETURN ids;
END
$function$;
