# What an operator sees, as far as no server is needed for it.
foreach(subject audit dead_job stats)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit_operate)
endforeach()
