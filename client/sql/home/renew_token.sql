-- renew_token.sql: from now on these tables are not those that any Redis knows.
INSERT INTO {schema}.home DEFAULT VALUES ON CONFLICT (one) DO UPDATE SET token = excluded.token;
