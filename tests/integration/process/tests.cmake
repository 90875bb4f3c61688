# The `worker` command from outside: start, log, crash, stop.
aftercommit_tests(process LABEL integration TIMEOUT 300 LIBRARIES worker_support
  TESTS secrets_in_processes set_up worker_command worker_log worker_log_reader worker_shutdown worker_start
        worker_supervisor)
