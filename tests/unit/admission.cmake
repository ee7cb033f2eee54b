neighbors_test(NAME admission SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_admission.c LIBS neighbors_net neighbors_core)
neighbors_test(NAME balancer SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_balancer.c LIBS neighbors_net neighbors_core)
