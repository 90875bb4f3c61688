# What a worker makes of its jobs.
foreach(subject
        countdown durable_worker ledger_purge unreadable_job worker worker_bad_input worker_children worker_fork
        worker_lost_session worker_next_job worker_queues worker_retry)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support)
endforeach()
aftercommit_test(relay_test LABEL integration LIBRARIES aftercommit::worker test_payments)
aftercommit_test(worker_home_test LABEL integration LIBRARIES worker_support test_payments)
target_compile_definitions(worker_home_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(worker_home_test aftercommit_cli)
foreach(subject worker_aside worker_outage worker_session)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support test_payments)
endforeach()
