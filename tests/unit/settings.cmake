neighbors_test(NAME settings SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_settings.c LIBS neighbors_net neighbors_core)
