# The `worker` command from outside: start, log, crash, stop.
aftercommit_test(secrets_in_processes_test LABEL integration TIMEOUT 300 LIBRARIES worker_support)
target_compile_definitions(secrets_in_processes_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(secrets_in_processes_test aftercommit_cli)
foreach(subject set_up worker_command worker_log worker_log_reader worker_shutdown worker_start worker_supervisor)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES worker_support)
endforeach()
