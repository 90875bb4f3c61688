# The dashboard in a real browser.  axe-core, which looks at what a screen reader is told, is in no package of Debian.
find_program(AFTERCOMMIT_CHROMIUM NAMES chromium chromium-browser google-chrome)
if(NOT AFTERCOMMIT_CHROMIUM)
  message(WARNING "chromium is not there: the dashboard is not tested in a browser (scripts/install-dependencies installs it)")
  return()
endif()

set(axe ${PROJECT_BINARY_DIR}/axe-core/package/axe.min.js)
if(NOT EXISTS ${axe})
  set(archive ${PROJECT_BINARY_DIR}/axe-core.tgz)
  file(DOWNLOAD https://registry.npmjs.org/axe-core/-/axe-core-4.14.1.tgz ${archive} INACTIVITY_TIMEOUT 10 STATUS status)
  list(GET status 0 failed)
  set(hash "")
  if(NOT failed)
    file(SHA256 ${archive} hash)
  endif()
  if(hash STREQUAL e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745)
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${PROJECT_BINARY_DIR}/axe-core PATTERNS package/axe.min.js)
  else()
    message(WARNING "axe-core cannot be had (${status}): the dashboard is tested in a browser, but for accessibility")
  endif()
endif()

add_test(NAME dashboard_in_a_browser
         COMMAND ${CMAKE_CURRENT_LIST_DIR}/dashboard --chromium ${AFTERCOMMIT_CHROMIUM} --command $<TARGET_FILE:aftercommit_cli>
                 --screenshots ${PROJECT_BINARY_DIR}/screenshots --axe ${axe})
set_tests_properties(dashboard_in_a_browser PROPERTIES LABELS browser TIMEOUT 300)
