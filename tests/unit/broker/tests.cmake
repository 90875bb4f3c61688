# What is written to a broker and read from it.
foreach(subject dead_letter envelope job_identity plain_envelope redis_pipeline redis_reply redis_url)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::broker)
endforeach()
