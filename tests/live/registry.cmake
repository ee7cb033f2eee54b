foreach(part registry registry_household)
  neighbors_test(NAME ${part}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c ${CMAKE_CURRENT_LIST_DIR}/registry_fixture.c
      ${CMAKE_CURRENT_LIST_DIR}/redis_server.c ${CMAKE_CURRENT_LIST_DIR}/held_port.c
    LIBS neighbors_bridge)
endforeach()
