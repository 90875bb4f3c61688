# Connections, sessions and tables, and servers that are not as they should be.
foreach(subject
        connection_pool database_frozen database_lost database_url frequent_writes migrations_in_use multi_database pooler
        schema_roles server_plans session_end session_state standard_files standby)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
aftercommit_test(encodings_test LABEL integration LIBRARIES worker_support test_payments)
aftercommit_test(hostile_settings_test LABEL integration LIBRARIES worker_support test_payments)
target_compile_definitions(hostile_settings_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(hostile_settings_test aftercommit_cli)
aftercommit_test(migrations_test LABEL integration LIBRARIES test_payments)
target_compile_definitions(migrations_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(migrations_test aftercommit_cli)
