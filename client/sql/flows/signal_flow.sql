SELECT {schema}.signal($1::uuid, $2::text, $3::text);
