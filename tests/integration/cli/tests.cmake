# The operator's command from outside.
aftercommit_tests(cli LABEL integration LIBRARIES worker_support test_payments aftercommit::worker PkgConfig::hiredis
  TESTS cli cli_audit cli_cancel cli_limits cli_outage cli_periodic)
