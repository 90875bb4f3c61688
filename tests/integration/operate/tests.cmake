# What an operator sees and does, without the command.
aftercommit_test(operate_test LABEL integration SOURCES support/fixtures/worker_process.cpp
                 LIBRARIES aftercommit_operate test_payments PkgConfig::hiredis)
target_compile_definitions(operate_test PRIVATE AFTERCOMMIT_CLI="$<TARGET_FILE:aftercommit_cli>")
add_dependencies(operate_test aftercommit_cli)
