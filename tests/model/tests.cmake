# The model of the protocol: the right design holds in every state, and every wrong one is found out.
add_test(NAME model COMMAND ${CMAKE_CURRENT_LIST_DIR}/check)
# First of all: nothing else takes as long, and at the end a processor would wait for it.
set_tests_properties(model PROPERTIES LABELS model TIMEOUT 1200 PROCESSORS 2 COST 1000)
