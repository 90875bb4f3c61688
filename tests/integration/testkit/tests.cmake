# The test kit, as the tests of an application use it.
aftercommit_tests(testkit LABEL integration BY_SUITE LIBRARIES aftercommit::testing
  TESTS drain flow_in_test rolled_back simulate)
