SELECT FROM {schema}.ledger WHERE id = $1;
