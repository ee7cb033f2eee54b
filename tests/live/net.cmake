# Sockets, TLS, WebSocket and HTTP for real, on a core that echoes.
neighbors_test(NAME net
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/live/test_net.c ${CMAKE_CURRENT_SOURCE_DIR}/live/net_core.c
    ${CMAKE_CURRENT_SOURCE_DIR}/live/net_client.c
  LIBS neighbors_net neighbors_core ssl crypto)
