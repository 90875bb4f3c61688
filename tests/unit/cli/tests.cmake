# The operator's command, as far as no server is needed for it.
aftercommit_tests(unit_cli LABEL unit LIBRARIES aftercommit_commands aftercommit_dashboard aftercommit_operate
  TESTS completion table top_view)
