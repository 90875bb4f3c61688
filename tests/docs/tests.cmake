# What the documentation says of the tests.  The fault tests, which it names as well, need the fail points.
if(NOT AFTERCOMMIT_FAIL_POINTS)
  return()
endif()
add_test(NAME guarantees_name_tests
         COMMAND ${CMAKE_CURRENT_LIST_DIR}/guarantees_name_tests ${PROJECT_SOURCE_DIR}/docs/guarantees.md
                 ${PROJECT_BINARY_DIR})
set_tests_properties(guarantees_name_tests PROPERTIES LABELS docs TIMEOUT 60)
