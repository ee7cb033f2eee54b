find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME why COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_why.py ${CMAKE_SOURCE_DIR}/tests/why)
