# What `cmake --install` gives a user, in three components, and the packages that `cpack` makes of them:
#   runtime  the shared libraries
#   dev      headers, find_package(aftercommit), pkg-config, the library for tests
#   tools    the commands `worker` and `aftercommit`, and what belongs to them
include(CMakePackageConfigHelpers)

install(TARGETS aftercommit_public aftercommit_broker aftercommit_client aftercommit_worker EXPORT aftercommit
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT dev
        ARCHIVE COMPONENT dev
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS aftercommit_testing EXPORT aftercommit
        LIBRARY COMPONENT dev
        ARCHIVE COMPONENT dev
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ${AFTERCOMMIT_WORKER_COMMAND} aftercommit_cli RUNTIME COMPONENT tools)
install(DIRECTORY include/aftercommit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

# find_package(aftercommit).
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aftercommit)
install(EXPORT aftercommit NAMESPACE aftercommit:: DESTINATION ${package_dir} FILE aftercommit-targets.cmake COMPONENT dev)
if(NOT BUILD_SHARED_LIBS)
  set(AFTERCOMMIT_STATIC_MODULES hiredis openssl prometheus-cpp)
  if(TARGET PkgConfig::httplib)
    list(APPEND AFTERCOMMIT_STATIC_MODULES httplib)
  endif()
endif()
configure_package_config_file(cmake/aftercommit-config.cmake.in ${PROJECT_BINARY_DIR}/aftercommit-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aftercommit-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/aftercommit-config.cmake
              ${PROJECT_BINARY_DIR}/aftercommit-config-version.cmake DESTINATION ${package_dir} COMPONENT dev)

# pkg-config, for shared libraries alone: what static ones need besides is written for CMake only.
if(BUILD_SHARED_LIBS)
  file(RELATIVE_PATH to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  foreach(floor client worker testing)
    configure_file(cmake/aftercommit-${floor}.pc.in ${PROJECT_BINARY_DIR}/aftercommit-${floor}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/aftercommit-${floor}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
  endforeach()
endif()

# What else belongs to the commands, where this tree has it.
if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/aftercommit-worker.service)
  install(FILES packaging/aftercommit-worker.service DESTINATION lib/systemd/system COMPONENT tools)
endif()
install(DIRECTORY packaging/prometheus packaging/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/aftercommit COMPONENT tools)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools  # to where README.md leads, runbooks among it
        PATTERN Doxyfile EXCLUDE)
# The licence as Debian calls it, in each of its packages.
set(runtime_package libaftercommit${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${runtime_package} RENAME copyright COMPONENT runtime)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libaftercommit-dev RENAME copyright COMPONENT dev)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT tools)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()  # cpack is for the whole project, which is another one
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME aftercommit)
set(CPACK_PACKAGE_CONTACT "aftercommit contributors <aftercommit@example.org>" CACHE STRING "Maintainer of the .deb packages")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime dev tools)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS  # whatever the umask of who makes them
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
# Read from the files; ours are in the build's folder, and in no package that is installed.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

# Two releases of the libraries may be installed side by side, as workers of both run side by side.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime_package})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS ca-certificates)  # of rediss:// without tls_ca
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Shared libraries of aftercommit, a background task queue that knows the database transaction.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libaftercommit-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libpqxx-dev, libpq-dev, nlohmann-json3-dev (>= 3.11)")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libgtest-dev, prometheus-cpp-dev, libboost-dev")  # three headers include what they are for
set(CPACK_COMPONENT_DEV_DEPENDS runtime)
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers of aftercommit, its files for CMake and pkg-config, and its library for tests.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME aftercommit)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "redis-server (>= 5:7.0), postgresql (>= 13)")
set(CPACK_DEBIAN_TOOLS_PACKAGE_CONFLICTS worker)  # a file manager of Debian, with a command of that name
set(CPACK_COMPONENT_TOOLS_DEPENDS runtime)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The worker of aftercommit, which runs the tasks of a library, and the command of its operator.")
include(CPack)
