# Connections, sessions and tables, and servers that are not as they should be.
aftercommit_tests(postgres LABEL integration LIBRARIES worker_support test_payments
  TESTS connection_pool database_frozen database_lost database_url encodings frequent_writes hostile_settings limits migrations
        migrations_in_use multi_database pooler schema_roles server_plans session_end session_state several_nodes standard_files standby)
