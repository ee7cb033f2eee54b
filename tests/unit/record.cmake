neighbors_test(NAME merkle SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_merkle.c LIBS neighbors_bridge crypto)
