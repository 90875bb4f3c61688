foreach(room traps broker redis transaction postgres enqueue sql worker process operate dashboard cli testkit async)
  include(${CMAKE_CURRENT_LIST_DIR}/${room}/tests.cmake)
endforeach()
