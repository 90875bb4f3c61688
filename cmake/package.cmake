# What `cmake --install` gives a user: the libraries, the headers, the two commands, and find_package(aftercommit).
include(CMakePackageConfigHelpers)
install(TARGETS aftercommit_public aftercommit_broker aftercommit_client aftercommit_worker aftercommit_testing EXPORT aftercommit
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS worker aftercommit_cli)
install(DIRECTORY include/aftercommit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aftercommit)
install(EXPORT aftercommit NAMESPACE aftercommit:: DESTINATION ${package_dir} FILE aftercommit-targets.cmake)
configure_package_config_file(cmake/aftercommit-config.cmake.in ${PROJECT_BINARY_DIR}/aftercommit-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aftercommit-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/aftercommit-config.cmake
              ${PROJECT_BINARY_DIR}/aftercommit-config-version.cmake DESTINATION ${package_dir})
