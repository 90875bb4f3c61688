# The dashboard's parts that need no server.
aftercommit_tests(unit_dashboard LABEL unit LIBRARIES aftercommit_dashboard aftercommit_operate
  TESTS access guesses history redaction)
