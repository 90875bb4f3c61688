# The `worker` command from outside: start, log, crash, stop.
aftercommit_tests(process LABEL integration TIMEOUT 300 LIBRARIES worker_support test_payments httplib::httplib
  TESTS redis_forms secrets_in_processes set_up worker_command worker_log worker_log_reader worker_metrics worker_shutdown worker_start
        worker_supervisor)
target_compile_definitions(process_tests PRIVATE AFTERCOMMIT_METRICS_GUIDE="${PROJECT_SOURCE_DIR}/docs/guide/metrics.md")
