neighbors_test(NAME admission SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_admission.c LIBS neighbors_net neighbors_core)
