foreach(subject
        dead_letter envelope job_id job_identity log plain_envelope redis_pipeline redis_reply redis_url retry secrets
        text)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::broker)
endforeach()

foreach(subject
        commit_hooks connection_url extreme_times frequent_statements planned_statements retry_policy sql_params
        sql_template task_args task_values
        transaction_control)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::client)
endforeach()
foreach(subject ascii_json error_text session_traces)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::client)
endforeach()

foreach(subject
        command_line in_hand interruptions job_buffer lease_watch locked_jobs log_stream patience queue_order settler)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::worker)
endforeach()
