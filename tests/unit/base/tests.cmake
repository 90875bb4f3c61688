# The ground floor.
foreach(subject job_id log log_stream retry secrets text)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::broker)
endforeach()
