# The worker's parts that need no server.
aftercommit_tests(unit_worker LABEL unit BY_SUITE LIBRARIES aftercommit::worker
  TESTS around_run attempt attempt_notes celery_message command_line config_file fetch_turns gate in_hand interruptions job_buffer lease_watch locked_jobs
        log_listener patience promoter python_tasks queue_order retry_rules role_thread roles running_body settler standby task_list worker_metrics)
