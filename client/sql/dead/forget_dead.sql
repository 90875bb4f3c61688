DELETE FROM {schema}.dead WHERE id = $1;
