neighbors_test(NAME registry SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_registry.c LIBS neighbors_bridge hiredis)
