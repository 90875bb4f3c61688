# The operator's command from outside.
foreach(subject cli cli_audit cli_outage)
  aftercommit_test(${subject}_test LABEL integration SOURCES support/fixtures/worker_process.cpp
                   LIBRARIES test_payments aftercommit::worker PkgConfig::hiredis)
  target_compile_definitions(${subject}_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
  add_dependencies(${subject}_test aftercommit_cli)
endforeach()
