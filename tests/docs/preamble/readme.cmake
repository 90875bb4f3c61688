add_executable(shop main.cpp)
