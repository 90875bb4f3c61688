DELETE FROM {schema}.app WHERE queue = ANY ($1::text[]);
