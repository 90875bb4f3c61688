# The package for Node, where its driver is: Debian's node-pg, or a folder in NODE_PATH.
find_program(AFTERCOMMIT_NODE node)
set(has_pg 1)
if(AFTERCOMMIT_NODE)
  execute_process(COMMAND ${AFTERCOMMIT_NODE} -e "require('pg')" RESULT_VARIABLE has_pg OUTPUT_QUIET ERROR_QUIET)
endif()
if(NOT has_pg EQUAL 0)
  message(WARNING "Node with pg is not there: the package for Node is not tested (Debian: nodejs and node-pg)")
  return()
endif()
add_test(NAME Node.JobsFollowTheTransactionsOfPg COMMAND ${AFTERCOMMIT_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/client_test.py)
set_tests_properties(Node.JobsFollowTheTransactionsOfPg PROPERTIES LABELS node TIMEOUT 240 ENVIRONMENT
  "AFTERCOMMIT_BIN=$<TARGET_FILE_DIR:worker>;AFTERCOMMIT_LIBRARY=$<TARGET_FILE:test_tasks>;NODE_PATH=$ENV{NODE_PATH}")
