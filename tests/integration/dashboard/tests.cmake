# The dashboard over HTTP.
aftercommit_tests(dashboard LABEL integration
  LIBRARIES aftercommit_dashboard aftercommit_operate worker_support test_payments PkgConfig::hiredis
  TESTS dashboard dashboard_api dashboard_bounds dashboard_flow)
target_compile_definitions(dashboard_tests PRIVATE AFTERCOMMIT_OPENAPI="${PROJECT_SOURCE_DIR}/docs/api/openapi.json")
