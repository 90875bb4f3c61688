SELECT {schema}.cancel($1::uuid, $2::text);
