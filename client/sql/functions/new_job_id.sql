-- new_job_id.sql: a UUIDv7 out of a random one: 48 bits of milliseconds, the version, 12 bits of the rest of the time.  So
-- ids sort by when they were made.  The functions beside it choose the search_path.
CREATE OR REPLACE FUNCTION {schema}.new_job_id(made_at timestamptz) RETURNS uuid LANGUAGE plpgsql AS $function$
DECLARE
  made_us CONSTANT bigint := extract(epoch FROM made_at) * 1000000;
  part_of_ms CONSTANT int := made_us % 1000 * 4096 / 1000;
  bytes CONSTANT bytea := overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(made_us / 1000) FROM 3) FROM 1 FOR 6);
BEGIN
  RETURN encode(set_byte(set_byte(bytes, 6, 112 | (part_of_ms >> 8)), 7, part_of_ms & 255), 'hex')::uuid;
END
$function$;
