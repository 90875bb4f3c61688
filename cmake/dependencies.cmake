# Every library that is not ours, with its oldest version: all of them are Debian 12 packages.
include(GNUInstallDirs)
# GLOBAL: for a project that has this one as a part, too.
find_package(Threads REQUIRED GLOBAL)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED GLOBAL)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET GLOBAL hiredis>=0.14)
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET GLOBAL openssl>=3.0)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET GLOBAL libpq>=13)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET GLOBAL libpqxx>=6.4)
find_package(date 3.0 REQUIRED GLOBAL)  # brings date::date-tz
find_package(cxxopts 3.1 REQUIRED GLOBAL)
find_package(spdlog 1.10 REQUIRED GLOBAL)
pkg_check_modules(httplib IMPORTED_TARGET GLOBAL cpp-httplib>=0.11)
if(NOT TARGET httplib::httplib)  # which a project that has this one as a part may have brought
  if(TARGET PkgConfig::httplib)
    add_library(httplib::httplib ALIAS PkgConfig::httplib)
  else()
    find_package(httplib REQUIRED GLOBAL)  # as vcpkg's port has it, without a file for pkg-config
  endif()
endif()
pkg_check_modules(prometheus-cpp REQUIRED IMPORTED_TARGET GLOBAL prometheus-cpp-core>=1.0)  # of the worker alone
if(AFTERCOMMIT_BUILD_TESTS OR AFTERCOMMIT_BUILD_EXAMPLES)
  find_package(Boost 1.74 QUIET)  # headers alone, for programs of Asio's: the libraries do without
endif()
if(AFTERCOMMIT_BUILD_TESTS)
  if(NOT Boost_FOUND)
    message(FATAL_ERROR "The tests need the headers of Boost 1.74 or newer (Debian: libboost-dev)")
  endif()
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
endif()
if(AFTERCOMMIT_BUILD_BENCHMARKS)
  find_package(benchmark 1.7 REQUIRED)
endif()
