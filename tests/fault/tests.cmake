# What holds when processes die, servers lose their data and connections break: real workers, servers of each
# test's own.  Needs the fail points, so only builds that have them.
if(NOT AFTERCOMMIT_FAIL_POINTS)
  return()
endif()

add_library(fault_tasks SHARED fault/harness/fault_tasks.cpp fault/harness/effects.cpp)
add_library(fault_tasks_later SHARED fault/harness/fault_tasks.cpp fault/harness/effects.cpp)
target_compile_definitions(fault_tasks_later PRIVATE NEXT_DEPLOY)
add_library(chaos_tasks SHARED fault/harness/fault_tasks.cpp fault/harness/effects.cpp
            fault/harness/feature_tasks.cpp)
target_compile_definitions(chaos_tasks PRIVATE EVERY_FEATURE)
add_library(fault_load STATIC
  fault/harness/body_times.cpp fault/harness/cancel_rule.cpp fault/harness/canceller.cpp fault/harness/feature_load.cpp
  fault/harness/feature_oracle.cpp fault/harness/intent.cpp fault/harness/load.cpp fault/harness/oracle.cpp
  fault/harness/rate_rule.cpp fault/harness/result_rule.cpp fault/harness/tick_rule.cpp fault/harness/unique_rule.cpp)
add_executable(producer fault/harness/producer.cpp)
target_link_libraries(producer PRIVATE fault_load)
add_executable(fault_oracle fault/harness/fault_oracle.cpp)  # for scripts/upgrade-test
target_link_libraries(fault_oracle PRIVATE fault_load)
add_library(fault_support STATIC fault/harness/fault_fixture.cpp support/servers/postgres_pair.cpp)
foreach(target fault_tasks fault_tasks_later chaos_tasks fault_load producer fault_oracle fault_support)
  aftercommit_compile(${target})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PUBLIC aftercommit::client)
endforeach()
target_link_libraries(fault_support PUBLIC fault_load worker_support test_payments)
target_compile_definitions(fault_support PUBLIC
  AFTERCOMMIT_FAULT_TASKS="$<TARGET_FILE:fault_tasks>"
  AFTERCOMMIT_FAULT_TASKS_LATER="$<TARGET_FILE:fault_tasks_later>"
  AFTERCOMMIT_FAULT_PRODUCER="$<TARGET_FILE:producer>")
add_dependencies(fault_support fault_tasks fault_tasks_later producer worker)

# Wrong designs: of statements, which a proxy puts for those of the worker, and one of the promoter.
add_executable(two_call_promoter fault/mutants/two_call_promoter.cpp)
aftercommit_compile(two_call_promoter)
target_include_directories(two_call_promoter PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(two_call_promoter PRIVATE aftercommit::worker PkgConfig::hiredis)

aftercommit_tests(fault LABEL fault SOURCES fault/mutants/wrong_statements.cpp LIBRARIES fault_support
  TESTS bad_input batch_fault cancel_fault failover flow_back_fault flow_fault limit_fault lost_reply mutant oracle_rules periodic_kill postgres_fault process_fault
        producer_fault promotion python_worker redis_away redis_fault relay_fault result_fault sentinel_fault shards_fault unique_fault
        worker_hang worker_kill
        worker_role zombie)
target_compile_definitions(fault_tests PRIVATE AFTERCOMMIT_TWO_CALL_PROMOTER="$<TARGET_FILE:two_call_promoter>"
  AFTERCOMMIT_PYTHON="${AFTERCOMMIT_PYTHON}"
  AFTERCOMMIT_PYTHON_WORKER="${PROJECT_SOURCE_DIR}/examples/python_worker/aftercommit_worker.py"
  AFTERCOMMIT_PYTHON_TASKS="${CMAKE_CURRENT_LIST_DIR}/python_tasks.py")
add_dependencies(fault_tests two_call_promoter)

add_executable(chaos fault/chaos.cpp)
aftercommit_compile(chaos)
target_link_libraries(chaos PRIVATE fault_support cxxopts::cxxopts)
target_compile_definitions(chaos PRIVATE AFTERCOMMIT_CHAOS_TASKS="$<TARGET_FILE:chaos_tasks>")
add_dependencies(chaos chaos_tasks)
add_test(NAME Chaos.ForAShortWhileLosesAndDoublesNothing
         COMMAND ${PROJECT_SOURCE_DIR}/scripts/chaos --program $<TARGET_FILE:chaos> --minutes 0.3)
set_tests_properties(Chaos.ForAShortWhileLosesAndDoublesNothing PROPERTIES LABELS fault TIMEOUT 240)
