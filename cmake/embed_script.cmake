# Run by the build (see embed.cmake): writes HEADER with one constant in NAMESPACE for each of FILES.
set(text "// Made by the build from the source files named below.\n#pragma once\n#include <string_view>\n\n")
string(APPEND text "namespace aftercommit::${NAMESPACE} {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  if(name MATCHES "^[0-9]")  # which no constant's name begins with
    string(PREPEND name m)
  endif()
  get_filename_component(base ${file} NAME)
  file(READ ${file} content)
  string(APPEND text "\n// ${base}\ninline constexpr std::string_view ${name} = R\"embedded(${content})embedded\";\n")
endforeach()
string(APPEND text "\n}  // namespace aftercommit::${NAMESPACE}\n")
file(WRITE ${HEADER} "${text}")
