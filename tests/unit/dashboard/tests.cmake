# The dashboard's parts that need no server.
aftercommit_tests(unit_dashboard LABEL unit BY_SUITE LIBRARIES aftercommit_dashboard aftercommit_operate
  TESTS access guesses history redaction)
