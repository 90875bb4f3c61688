SELECT {schema}.resume($1);
