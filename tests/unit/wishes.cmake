neighbors_test(NAME wishes SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_wishes.c LIBS neighbors_core neighbors_bridge m)
