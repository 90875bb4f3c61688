# aftercommit_embed(target namespace file...): each text file becomes a constant of the same name in the header
# <namespace>.hpp; redis/lua/ack.lua with the namespace lua is lua::ack.  Kept short of 64 KiB, what a literal may hold.
# The folder's name is none that .clang-tidy takes for a room.
function(aftercommit_embed target namespace)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded-text/${namespace}.hpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DHEADER=${header} -DNAMESPACE=${namespace} "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_script.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed_script.cmake VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded-text)
endfunction()
