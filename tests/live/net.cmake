# Sockets, TLS, WebSocket and HTTP for real, on a core that echoes.
foreach(part tcp tls websocket http)
  neighbors_test(NAME net_${part}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_net_${part}.c ${CMAKE_CURRENT_LIST_DIR}/net_fixture.c ${CMAKE_CURRENT_LIST_DIR}/net_core.c
      ${CMAKE_CURRENT_LIST_DIR}/net_client.c ${CMAKE_CURRENT_LIST_DIR}/held_port.c
    LIBS neighbors_net neighbors_core ssl crypto)
endforeach()
