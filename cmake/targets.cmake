# How our own targets are made: language level, warnings, sanitizers, output folders.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
# Installed below any prefix, the programs and libraries find each other.
set(CMAKE_INSTALL_RPATH "$ORIGIN:$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

function(aftercommit_compile target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # g++ 12 takes "text" + std::string for overlapping memory when it optimises (GCC bug 105651).
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                         $<$<BOOL:${AFTERCOMMIT_WARNINGS_AS_ERRORS}>:-Werror>)
  if(AFTERCOMMIT_FAIL_POINTS)
    target_compile_definitions(${target} PRIVATE AFTERCOMMIT_FAIL_POINTS)
  endif()
  if(AFTERCOMMIT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${AFTERCOMMIT_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${AFTERCOMMIT_SANITIZE})
  endif()
endfunction()

# With AFTERCOMMIT_PRECOMPILE_HEADERS, what nearly every file includes of the standard library and of JSON is parsed once,
# with the ground floor, instead of in each, where it is a third of the time.  Not for the broker: hiredis has it compiled
# with a macro that the others have not, and g++ refuses what was compiled without.
function(aftercommit_precompiled target)
  if(AFTERCOMMIT_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} REUSE_FROM aftercommit_base)
  endif()
endfunction()

# A shared library shows what is ours, under a version of this release, and hides what it is made with: see symbols.map.
function(aftercommit_hide_symbols target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY" OR AFTERCOMMIT_SANITIZE)  # whose runtimes look for symbols of their own
    return()
  endif()
  set(map ${PROJECT_BINARY_DIR}/symbols.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/symbols.map.in ${map} @ONLY)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${map}")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${map})
endfunction()

# aftercommit_library(client SOURCES a.cpp ...): one floor of the house, installed as aftercommit::client.  With
# CMAKE_UNITY_BUILD each of its rooms is compiled as one file, which takes a third of the time.
function(aftercommit_library floor)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  set(target aftercommit_${floor})
  add_library(${target} ${arg_SOURCES})
  add_library(aftercommit::${floor} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${floor} VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} UNITY_BUILD_MODE GROUP)
  foreach(source IN LISTS arg_SOURCES)
    cmake_path(GET source PARENT_PATH room)
    string(MAKE_C_IDENTIFIER "${floor}/${room}" room)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${room})
  endforeach()
  aftercommit_compile(${target})
  aftercommit_hide_symbols(${target})
  # Of types that only this file sees: g++ takes each file within another one for a header.
  target_compile_options(${target} PRIVATE
                         $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage>)
endfunction()
