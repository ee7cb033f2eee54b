neighbors_test(NAME log_writer SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_log_writer.c LIBS neighbors_net)
