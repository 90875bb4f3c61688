# Writes down each suite of a GoogleTest program as one test of ctest:
#   cmake -D PROGRAM=... -D LIST=<the file to write> -D LABEL=... -D TIMEOUT=<seconds> -P discover_suites.cmake
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY TIMEOUT 60)
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_/]+\\." suites "${listed}")
set(tests "")
foreach(suite IN LISTS suites)
  string(STRIP ${suite} suite)
  string(APPEND tests "add_test(\"${suite}*\" \"${PROGRAM}\" \"--gtest_filter=${suite}*\")\n"
                      "set_tests_properties(\"${suite}*\" PROPERTIES LABELS ${LABEL} TIMEOUT ${TIMEOUT})\n")
endforeach()
file(WRITE ${LIST} "${tests}")
