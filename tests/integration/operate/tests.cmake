# What an operator sees and does, without the command.
aftercommit_tests(operate LABEL integration BY_SUITE LIBRARIES aftercommit_operate worker_support test_payments aftercommit::worker PkgConfig::hiredis
  TESTS operate operate_jobs)
