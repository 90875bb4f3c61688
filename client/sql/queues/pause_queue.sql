SELECT {schema}.pause($1);
