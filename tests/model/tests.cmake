# The model of the protocol: the right design holds in every state, and every wrong one is found out.
add_test(NAME model COMMAND ${CMAKE_CURRENT_LIST_DIR}/check)
set_tests_properties(model PROPERTIES LABELS model TIMEOUT 600 PROCESSORS 2)
