SELECT {schema}.settle_cancels();
