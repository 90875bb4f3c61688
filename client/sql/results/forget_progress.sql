DELETE FROM {schema}.progress WHERE id = ANY ($1::uuid[]);
