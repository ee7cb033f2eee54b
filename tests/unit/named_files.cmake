find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME named_files COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/named_files.py ${CMAKE_SOURCE_DIR})
