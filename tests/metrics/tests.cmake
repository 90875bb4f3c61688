# Metrics as others see them: their names, and the alert rules.
add_test(NAME metric_names_agree COMMAND ${CMAKE_CURRENT_LIST_DIR}/names)
add_test(NAME alerts_come_when_they_should COMMAND ${CMAKE_CURRENT_LIST_DIR}/rules)
set_tests_properties(metric_names_agree alerts_come_when_they_should PROPERTIES LABELS unit TIMEOUT 60)
set_tests_properties(alerts_come_when_they_should PROPERTIES SKIP_RETURN_CODE 77)
