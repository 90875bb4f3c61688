# The worker's parts that need no server.
foreach(subject
        attempt command_line gate in_hand interruptions job_buffer lease_watch locked_jobs log_listener patience promoter
        queue_order role_thread roles settler)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::worker)
endforeach()
