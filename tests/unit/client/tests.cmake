# Arguments, SQL and what waits for a commit.
aftercommit_tests(unit_client LABEL unit BY_SUITE LIBRARIES aftercommit::client
  TESTS ascii_json batch_task claim commit_hooks commit_message connection_url durable_copy durable_insert enqueue_metrics enqueue_steps error_text
        extreme_times frequent_statements held_connection limit_rules middleware next_transaction planned_statements result_task
        retry_policy savepoints schedule session_traces sql_params sql_template task_args task_values
        transaction_control transaction_state)
