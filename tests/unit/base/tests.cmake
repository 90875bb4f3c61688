# The ground floor.
aftercommit_tests(unit_base LABEL unit BY_SUITE LIBRARIES aftercommit::broker
  TESTS iso_time job_id log log_stream retry secrets text trace_context)
