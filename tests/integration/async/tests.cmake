# Transactions in programs of Asio's: Boost's, and in one file Asio by itself.
aftercommit_tests(async LABEL integration LIBRARIES test_payments
  TESTS async_atomic async_cancel async_requests blocking_pool standalone_asio)
target_include_directories(async_tests SYSTEM PRIVATE ${Boost_INCLUDE_DIRS})
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/standalone_asio_test.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
