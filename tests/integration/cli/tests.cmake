# The operator's command from outside.
aftercommit_tests(cli LABEL integration LIBRARIES worker_support test_payments aftercommit::worker PkgConfig::hiredis
  TESTS cli cli_audit cli_cancel cli_jobs cli_doctor cli_limits cli_no_redis cli_outage cli_pages cli_periodic cli_shards cli_top)
