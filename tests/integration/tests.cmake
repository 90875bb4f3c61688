# What the libraries below us do, which the code above has to live with.
aftercommit_test(hiredis_traps_test LABEL integration)
aftercommit_test(pqxx_traps_test LABEL integration LIBRARIES aftercommit::client)

foreach(subject
        broker_aside broker_conformance broker_durable broker_home broker_lease broker_operator broker_relay
        redis_broker redis_data_loss redis_fetch redis_lost_reply redis_outage redis_recovery redis_server)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES aftercommit::broker)
endforeach()

foreach(subject durable_push durable_push_outage durable_push_process)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES aftercommit::client)
endforeach()
foreach(subject
        app_options atomic atomic_options broken_transaction commit_in_doubt connection_pool database_frozen database_lost durable_delivery
        enqueue enqueue_failure enqueue_options enqueue_payload frequent_writes manual_transaction multi_database
        on_commit random_nesting savepoint session_state standby transaction_begin transaction_fork transaction_thread
        transaction_use)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
foreach(subject dead_rows job_lookup migrations schema_roles sql_enqueue sql_enqueue_refusals)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
aftercommit_test(database_url_test LABEL integration LIBRARIES test_payments)
foreach(subject pooler server_plans)
  aftercommit_test(${subject}_test LABEL integration SOURCES support/postgres_proxy.cpp
                   LIBRARIES test_payments)
endforeach()
aftercommit_test(process_exit_test LABEL integration LIBRARIES test_payments)
target_compile_definitions(process_exit_test PRIVATE AFTERCOMMIT_EXIT_PROGRAM="$<TARGET_FILE:exit_program>")
add_dependencies(process_exit_test exit_program)
aftercommit_test(atomic_requests_test LABEL integration LIBRARIES test_payments httplib::httplib)

foreach(subject
        countdown set_up unreadable_job worker worker_bad_input worker_children worker_command worker_fork worker_home
        worker_log worker_queues worker_retry
        worker_shutdown)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support)
endforeach()
aftercommit_test(worker_aside_test LABEL integration SOURCES support/postgres_proxy.cpp
                 LIBRARIES worker_support test_payments)
foreach(subject encodings hostile_settings worker_outage worker_session)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support test_payments)
endforeach()
target_compile_definitions(hostile_settings_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(hostile_settings_test aftercommit_cli)
aftercommit_test(sql_clients_test LABEL integration LIBRARIES worker_support)
target_compile_definitions(sql_clients_test PRIVATE AFTERCOMMIT_SQL_CLIENTS="${PROJECT_SOURCE_DIR}/tests/sql")
aftercommit_test(relay_test LABEL integration LIBRARIES aftercommit::worker)
aftercommit_test(durable_worker_test LABEL integration LIBRARIES worker_support)
aftercommit_test(worker_next_job_test LABEL integration LIBRARIES worker_support)
aftercommit_test(ledger_purge_test LABEL integration LIBRARIES worker_support)
aftercommit_test(worker_log_reader_test LABEL integration LIBRARIES worker_support)
aftercommit_test(standard_files_test LABEL integration LIBRARIES test_payments)
aftercommit_test(worker_start_test LABEL integration LIBRARIES worker_support)
aftercommit_test(worker_supervisor_test LABEL integration LIBRARIES worker_support)
target_compile_definitions(migrations_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
target_compile_definitions(worker_home_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(migrations_test aftercommit_cli)
add_dependencies(worker_home_test aftercommit_cli)
aftercommit_test(secrets_in_processes_test LABEL integration TIMEOUT 300 LIBRARIES worker_support)
target_compile_definitions(secrets_in_processes_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(secrets_in_processes_test aftercommit_cli)
foreach(subject cli cli_audit)
  aftercommit_test(${subject}_test LABEL integration SOURCES support/worker_process.cpp
                   LIBRARIES test_payments aftercommit::worker PkgConfig::hiredis)
  target_compile_definitions(${subject}_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
  add_dependencies(${subject}_test aftercommit_cli)
endforeach()
