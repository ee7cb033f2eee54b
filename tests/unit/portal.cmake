neighbors_test(NAME portal SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_portal.c LIBS neighbors_net neighbors_core)
