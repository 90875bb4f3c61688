# What the libraries below us do, which the code above has to live with.
aftercommit_test(hiredis_traps_test LABEL integration)
aftercommit_test(pqxx_traps_test LABEL integration LIBRARIES aftercommit::client)

foreach(subject broker_conformance redis_broker redis_lost_reply redis_outage redis_server)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES aftercommit::broker)
endforeach()

foreach(subject
        app_options atomic atomic_options broken_transaction commit_in_doubt connection_pool database_lost
        enqueue enqueue_failure enqueue_options enqueue_payload manual_transaction multi_database on_commit
        random_nesting savepoint transaction_use)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
aftercommit_test(atomic_requests_test LABEL integration LIBRARIES test_payments httplib::httplib)

foreach(subject
        countdown worker worker_bad_input worker_children worker_command worker_log worker_queues worker_retry
        worker_shutdown)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support)
endforeach()
aftercommit_test(worker_outage_test LABEL integration LIBRARIES worker_support test_payments)
