# Jobs as rows: enqueued by SQL, looked up, and shown when they are dead.
aftercommit_tests(sql LABEL integration BY_SUITE LIBRARIES worker_support test_payments
  TESTS dead_rows foreign_libpq foreign_transaction foreign_worker job_lookup sql_cancel sql_clients sql_enqueue sql_enqueue_many sql_enqueue_refusals)
target_compile_definitions(sql_tests PRIVATE AFTERCOMMIT_SQL_CLIENTS="${PROJECT_SOURCE_DIR}/tests/sql")

# A library of others that has transactions, where it is there.
find_path(AFTERCOMMIT_SOCI_INCLUDE soci/postgresql/soci-postgresql.h)
find_library(AFTERCOMMIT_SOCI soci_core)
find_library(AFTERCOMMIT_SOCI_POSTGRESQL soci_postgresql)
if(AFTERCOMMIT_SOCI_INCLUDE AND AFTERCOMMIT_SOCI AND AFTERCOMMIT_SOCI_POSTGRESQL)
  target_compile_definitions(sql_tests PRIVATE AFTERCOMMIT_TEST_SOCI)
  target_include_directories(sql_tests SYSTEM PRIVATE ${AFTERCOMMIT_SOCI_INCLUDE})
  target_link_libraries(sql_tests PRIVATE ${AFTERCOMMIT_SOCI_POSTGRESQL} ${AFTERCOMMIT_SOCI})
else()
  message(WARNING "SOCI is not there: jobs in its transactions are not tested (scripts/install-dependencies installs it)")
endif()
