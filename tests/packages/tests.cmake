add_test(NAME packages_recipes_name_what_is_needed COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/recipes)
set_tests_properties(packages_recipes_name_what_is_needed PROPERTIES LABELS packages TIMEOUT 60)

# What a user builds against: installed, packed, as a part, and under the names that the libraries had before.  A program of
# another project would lack the library of a sanitizer.
if(AFTERCOMMIT_SANITIZE OR NOT BUILD_SHARED_LIBS)
  return()
endif()
add_test(NAME packages_serve_a_program_of_others
         COMMAND ${CMAKE_CURRENT_LIST_DIR}/packages --build ${PROJECT_BINARY_DIR} --compiler ${CMAKE_CXX_COMPILER}
                 --version ${PROJECT_VERSION})
set_tests_properties(packages_serve_a_program_of_others PROPERTIES LABELS packages TIMEOUT 400 COST 100)
add_test(NAME packages_keep_the_names_of_their_release COMMAND ${PROJECT_SOURCE_DIR}/scripts/abi check --build ${PROJECT_BINARY_DIR})
set_tests_properties(packages_keep_the_names_of_their_release PROPERTIES LABELS packages TIMEOUT 60 SKIP_RETURN_CODE 77)
