neighbors_test(NAME log_writer SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_log_writer.c LIBS neighbors_net)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME log_lines COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/log_lines.py ${CMAKE_SOURCE_DIR})
