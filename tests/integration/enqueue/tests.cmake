# From a call of a task to the job in the broker or the table.
aftercommit_tests(enqueue LABEL integration BY_SUITE LIBRARIES test_payments
  TESTS app_options cancel durable_delivery durable_many durable_push durable_push_outage durable_push_process enqueue
        enqueue_failure enqueue_options enqueue_payload job_notifier process_exit unique)
target_compile_definitions(enqueue_tests PRIVATE AFTERCOMMIT_EXIT_PROGRAM="$<TARGET_FILE:exit_program>")
add_dependencies(enqueue_tests exit_program)
