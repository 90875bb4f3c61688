foreach(room base broker client worker operate dashboard cli)
  include(${CMAKE_CURRENT_LIST_DIR}/${room}/tests.cmake)
endforeach()
