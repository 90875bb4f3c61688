# The worker's parts that need no server.
foreach(subject
        command_line in_hand interruptions job_buffer lease_watch locked_jobs patience queue_order settler)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::worker)
endforeach()
