# What an operator sees, as far as no server is needed for it.
aftercommit_tests(unit_operate LABEL unit LIBRARIES aftercommit_operate TESTS audit dead_job doctor stats)
