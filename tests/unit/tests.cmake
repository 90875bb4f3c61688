foreach(room base broker client worker)
  include(${CMAKE_CURRENT_LIST_DIR}/${room}/tests.cmake)
endforeach()
