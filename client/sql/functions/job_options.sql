-- job_options.sql: what an envelope says of a job behind its arguments, for the functions beside it, which choose the
-- search_path; an error that names the task where an option is none.
CREATE OR REPLACE FUNCTION {schema}.job_options(
  task text, queue text, countdown interval, eta timestamptz, max_retries int, expires interval, database text,
  priority int, headers jsonb, traceparent text, is_unique boolean, limit_key text, asked_at timestamptz)
RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
  name_rule CONSTANT text := '^[A-Za-z0-9_.-]{1,64}$';
  name_hint CONSTANT text := 'A name has 1 to 64 characters out of a-z A-Z 0-9 _ . - and nothing else.';
  last_time CONSTANT timestamptz := '2262-04-11 00:00:00+00';  -- what 64 bits of nanoseconds hold
  longest CONSTANT interval := '200 years';
  flaw text;
  hint text;
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
  ELSIF priority NOT BETWEEN 0 AND 3 THEN
    flaw := 'priority ' || priority || ' is out of range';
    hint := 'It is a whole number from 0, the most urgent, to 3.';
  ELSIF octet_length(convert_to(limit_key, 'UTF8')) NOT BETWEEN 1 AND 200 THEN
    flaw := 'limit_key has ' || octet_length(convert_to(limit_key, 'UTF8')) || ' bytes';
    hint := 'It has 1 to 200; without one the job has the key that its task finds in the arguments.';
  ELSIF headers IS NOT NULL THEN
    hint := 'It is an object of at most 64 texts by names of a-z A-Z 0-9 _ . -, of 4096 bytes in all.';
    IF jsonb_typeof(headers) <> 'object' THEN
      flaw := 'headers is a JSON ' || jsonb_typeof(headers) || ' and not an object';
    ELSIF EXISTS (SELECT FROM jsonb_each(headers) AS header
                  WHERE jsonb_typeof(header.value) <> 'string' OR header.key COLLATE "C" !~ name_rule) THEN
      flaw := 'headers holds what is no text, or has no name';
    ELSIF (SELECT count(*) > 64 OR sum(octet_length(convert_to(header.key || header.value, 'UTF8'))) > 4096
           FROM jsonb_each_text(headers) AS header) THEN
      flaw := 'headers is too large';
    END IF;
  END IF;
  IF flaw IS NOT NULL THEN
    RAISE EXCEPTION 'cannot enqueue task %: %', quote_nullable(left(task, 80)), flaw USING ERRCODE = '22023', HINT = hint;
  END IF;

  RETURN ',"queue":"' || queue || '","enqueued_at":' || (extract(epoch FROM asked_at) * 1000000)::bigint / 1000
    || coalesce(',"max_retries":' || max_retries, '')
    || coalesce(',"expires_at":' || (extract(epoch FROM asked_at + expires) * 1000000)::bigint / 1000, '')
    || coalesce(',"database":"' || database || '"', '')
    || coalesce(',"priority":' || priority, '')
    || ',"durable":true'
    || CASE WHEN traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'  -- what is none is nobody's error
              AND traceparent !~ '^00-(0{32}|[0-9a-f]{32}-0{16})-'
         THEN ',"trace":{"traceparent":"' || traceparent || '"}' ELSE '' END
    || coalesce(',"headers":' || nullif(headers, '{}')::text, '')
    || CASE WHEN is_unique THEN ',"unique":true' ELSE '' END
    || coalesce(',"limit_key":' || to_json(limit_key)::text, '')
    || '}';
END
$function$;
