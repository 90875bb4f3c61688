# Which room may include which: rooms.toml.
add_test(NAME rooms_include_what_they_may COMMAND ${CMAKE_CURRENT_LIST_DIR}/check)
add_test(NAME rooms_check_finds_violations COMMAND ${CMAKE_CURRENT_LIST_DIR}/finds_violations)
set_tests_properties(rooms_include_what_they_may rooms_check_finds_violations PROPERTIES LABELS unit TIMEOUT 60)
