# Jobs as rows: enqueued by SQL, looked up, and shown when they are dead.
aftercommit_tests(sql LABEL integration LIBRARIES worker_support test_payments
  TESTS dead_rows job_lookup sql_cancel sql_clients sql_enqueue sql_enqueue_refusals)
target_compile_definitions(sql_tests PRIVATE AFTERCOMMIT_SQL_CLIENTS="${PROJECT_SOURCE_DIR}/tests/sql")
