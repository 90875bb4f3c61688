# The worker's parts that need no server.
aftercommit_tests(unit_worker LABEL unit LIBRARIES aftercommit::worker
  TESTS attempt command_line gate in_hand interruptions job_buffer lease_watch locked_jobs log_listener patience promoter
        queue_order role_thread roles settler)
