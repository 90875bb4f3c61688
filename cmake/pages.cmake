# What the commands say of themselves, kept by the build and installed: the manual pages aftercommit(1) and worker(1), and
# the completions for bash and zsh.  All of it is printed by the commands, from the table that their --help is made of; so a
# build for another machine, which cannot run them, goes without.
if(CMAKE_CROSSCOMPILING)
  return()
endif()

set(pages_folder ${PROJECT_BINARY_DIR}/pages)
file(MAKE_DIRECTORY ${pages_folder})

# aftercommit_page(aftercommit.1 TARGET arguments...): what this program prints.
function(aftercommit_page name target)
  add_custom_command(OUTPUT ${pages_folder}/${name}
    COMMAND $<TARGET_FILE:${target}> ${ARGN} > ${name}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${name}.new ${name}
    WORKING_DIRECTORY ${pages_folder} DEPENDS ${target} VERBATIM)
endfunction()
aftercommit_page(aftercommit.1 aftercommit_cli --man-page)
aftercommit_page(worker.1 ${AFTERCOMMIT_WORKER_COMMAND} --man-page)
aftercommit_page(aftercommit.bash aftercommit_cli completion bash)
aftercommit_page(_aftercommit aftercommit_cli completion zsh)
add_custom_target(aftercommit_pages ALL DEPENDS ${pages_folder}/aftercommit.1 ${pages_folder}/worker.1
                  ${pages_folder}/aftercommit.bash ${pages_folder}/_aftercommit)

if(AFTERCOMMIT_INSTALL)
  install(FILES ${pages_folder}/aftercommit.1 ${pages_folder}/worker.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
          COMPONENT tools)
  install(FILES ${pages_folder}/aftercommit.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME aftercommit COMPONENT tools)
  install(FILES ${pages_folder}/_aftercommit DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT tools)
endif()
