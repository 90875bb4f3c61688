# Jobs as rows: enqueued by SQL, looked up, and shown when they are dead.
foreach(subject dead_rows job_lookup sql_enqueue sql_enqueue_refusals)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
aftercommit_test(sql_clients_test LABEL integration LIBRARIES worker_support)
target_compile_definitions(sql_clients_test PRIVATE AFTERCOMMIT_SQL_CLIENTS="${PROJECT_SOURCE_DIR}/tests/sql")
