-- forget_letters.sql: deletes these dead jobs.
DELETE FROM {schema}.dead WHERE id = ANY ($1::uuid[]);
