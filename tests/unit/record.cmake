neighbors_test(NAME merkle SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_merkle.c LIBS neighbors_bridge crypto)
neighbors_test(NAME record SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_record.c LIBS neighbors_bridge crypto)
