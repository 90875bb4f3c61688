# Arguments, SQL and what waits for a commit.
foreach(subject
        ascii_json commit_hooks connection_url durable_insert error_text extreme_times frequent_statements
        planned_statements retry_policy session_traces sql_params sql_template task_args task_values transaction_control)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::client)
endforeach()
