# Sockets, TLS, HTTP and WebSocket; and the program. Only this folder of broker/ knows libraries.
file(GLOB net CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/net/*.c)
list(REMOVE_ITEM net ${CMAKE_CURRENT_SOURCE_DIR}/net/process.c)
add_library(neighbors_net STATIC ${net})
target_link_libraries(neighbors_net PUBLIC neighbors_core ev ssl crypto websockets config)

add_executable(neighborsd ${CMAKE_CURRENT_SOURCE_DIR}/main.c ${CMAKE_CURRENT_SOURCE_DIR}/supervisor.c
  ${CMAKE_CURRENT_SOURCE_DIR}/net/process.c)
target_link_libraries(neighborsd PRIVATE neighbors_net neighbors_core neighbors_bridge config)
