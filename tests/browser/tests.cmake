# The dashboard in a real browser, where there is one.  axe.min.js of axe-core, from npm, is found by the variable AXE: without
# it all is tested but accessibility.
find_program(AFTERCOMMIT_CHROMIUM NAMES chromium chromium-browser google-chrome)
if(AFTERCOMMIT_CHROMIUM)
  add_test(NAME dashboard_in_a_browser
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/dashboard --chromium ${AFTERCOMMIT_CHROMIUM} --command $<TARGET_FILE:aftercommit_cli>
                   --screenshots ${PROJECT_BINARY_DIR}/screenshots)
  set_tests_properties(dashboard_in_a_browser PROPERTIES LABELS browser TIMEOUT 300)
endif()
