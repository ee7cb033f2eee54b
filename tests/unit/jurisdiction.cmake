neighbors_test(NAME jurisdiction SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_jurisdiction.c LIBS neighbors_core neighbors_bridge m)
