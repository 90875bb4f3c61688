# The package for Python, beside real servers and real workers: with both releases of the driver, with Django as Debian has it.
# The system's, whose packages psycopg2 and Django are.
find_program(AFTERCOMMIT_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(AFTERCOMMIT_PYTHON python3)
set(python_environment AFTERCOMMIT_BIN=$<TARGET_FILE_DIR:worker> AFTERCOMMIT_LIBRARY=$<TARGET_FILE:test_tasks>)
function(aftercommit_python_test name file)
  add_test(NAME Python.${name} COMMAND ${AFTERCOMMIT_PYTHON} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${file}_test.py)
  set_tests_properties(Python.${name} PROPERTIES LABELS python TIMEOUT 240 ENVIRONMENT "${python_environment};${ARGN}")
endfunction()

aftercommit_python_test(JobsFollowTheTransactionsOfPsycopg2 psycopg DRIVER=psycopg2)
aftercommit_python_test(JobsFollowTheTransactionsOfPsycopg3 psycopg DRIVER=psycopg)
aftercommit_python_test(JobsFollowTheTransactionsOfDjango django)
aftercommit_python_test(TasksOfDjango6AreAskedForAsItsInterfaceSays tasks_backend)
aftercommit_python_test(TasksOfALibraryBecomeATypedModule generated)

# Celery itself, where it is: Debian's python3-celery and python3-redis.
execute_process(COMMAND ${AFTERCOMMIT_PYTHON} -c "import celery, redis" RESULT_VARIABLE has_celery OUTPUT_QUIET ERROR_QUIET)
if(has_celery EQUAL 0)
  aftercommit_python_test(ClientsOfCeleryHaveTheirTasksRunByAWorkerInCpp celery)
else()
  message(WARNING "Celery is not there: what its clients ask for is not tested (Debian: python3-celery and python3-redis)")
endif()
