# The operator's command, as far as no server is needed for it.
aftercommit_tests(unit_cli LABEL unit BY_SUITE LIBRARIES aftercommit_commands aftercommit_dashboard aftercommit_operate
  TESTS completion table top_view)
