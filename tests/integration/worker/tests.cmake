# What a worker makes of its jobs.
aftercommit_tests(worker LABEL integration LIBRARIES worker_support test_payments aftercommit::worker
  TESTS celery_bridge countdown durable_worker ledger_purge relay unreadable_job without_redis worker worker_aside worker_bad_input worker_batch worker_cancel
        worker_children worker_databases worker_failure_hook worker_flow worker_flow_bounds worker_flow_call worker_flow_children worker_flow_code worker_flow_event
        worker_flow_again worker_flow_pages worker_flow_seen worker_flow_undo worker_fork worker_home worker_limit worker_lost_session worker_middleware
        worker_next_job worker_outage worker_periodic worker_plan worker_queues worker_report worker_result worker_retry worker_session worker_shards
        worker_time_limit worker_blame)
