# What the documentation says of the tests.  The fault tests, which it names as well, need the fail points.
if(NOT AFTERCOMMIT_FAIL_POINTS)
  return()
endif()
add_test(NAME guarantees_name_tests
         COMMAND ${CMAKE_CURRENT_LIST_DIR}/guarantees_name_tests ${PROJECT_SOURCE_DIR}/docs/guarantees.md
                 ${PROJECT_BINARY_DIR})
set_tests_properties(guarantees_name_tests PROPERTIES LABELS docs TIMEOUT 60)

# The code on the pages: see the top of snippets.py.
set(snippets python3 ${CMAKE_CURRENT_LIST_DIR}/snippets.py --root ${PROJECT_SOURCE_DIR})
list(JOIN user_flags " " flags)
add_test(NAME docs_snippets_compile COMMAND ${snippets} compile --compiler ${CMAKE_CXX_COMPILER} "--flags=${flags} -w")
# Beside servers as a user has them, which do not leave it to the kernel when to write.
add_test(NAME docs_snippets_run COMMAND ${PROJECT_SOURCE_DIR}/scripts/devstack run -- ${snippets} run --bin $<TARGET_FILE_DIR:worker> --lib $<TARGET_FILE_DIR:test_tasks>)
add_test(NAME docs_snippets_read COMMAND ${snippets} read --bin $<TARGET_FILE_DIR:worker>)
set(snippet_tests docs_snippets_compile docs_snippets_run docs_snippets_read)
if(NOT AFTERCOMMIT_SANITIZE)  # a program of another project would lack the sanitizer's library
  add_test(NAME docs_snippets_build COMMAND ${snippets} build --build ${PROJECT_BINARY_DIR})
  add_test(NAME docs_start_page_is_followed COMMAND ${snippets} follow --build ${PROJECT_BINARY_DIR})
  list(APPEND snippet_tests docs_snippets_build docs_start_page_is_followed)
endif()
set_tests_properties(${snippet_tests} PROPERTIES LABELS docs TIMEOUT 600 COST 100)

# The reference, where there is a doxygen: it is no package that tests need.
find_program(AFTERCOMMIT_DOXYGEN doxygen)
if(AFTERCOMMIT_DOXYGEN)
  add_test(NAME docs_reference_has_no_warning
           COMMAND sh -c "(cat docs/Doxyfile && echo OUTPUT_DIRECTORY=${PROJECT_BINARY_DIR}/reference) | ${AFTERCOMMIT_DOXYGEN} -"
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(docs_reference_has_no_warning PROPERTIES LABELS docs TIMEOUT 120)
endif()
