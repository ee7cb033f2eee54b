neighbors_test(NAME registry
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_registry.c ${CMAKE_CURRENT_LIST_DIR}/redis_server.c
    ${CMAKE_CURRENT_LIST_DIR}/held_port.c
  LIBS neighbors_bridge)
