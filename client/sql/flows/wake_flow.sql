SELECT {schema}.wake_flow($1::uuid);
