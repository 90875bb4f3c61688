# What an operator sees, as far as no server is needed for it.
aftercommit_tests(unit_operate LABEL unit BY_SUITE LIBRARIES aftercommit_operate TESTS audit dead_job doctor stats blame)
target_compile_definitions(unit_operate_tests PRIVATE AFTERCOMMIT_GUIDE="${PROJECT_SOURCE_DIR}/docs/guide")
