# Sockets, TLS, HTTP and WebSocket; and the program. Only this folder of broker/ knows libraries.
file(GLOB net CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/net/*.c)
# What needs the whole broker behind it: the process, and what it serves over HTTP.
set(process process.c routes.c bearer.c geojson.c route_alerts.c route_feed.c route_cap.c route_log.c
  route_portal.c)
list(TRANSFORM process PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/net/)
list(REMOVE_ITEM net ${process})
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
add_library(neighbors_net STATIC ${net})
target_link_libraries(neighbors_net PUBLIC neighbors_core neighbors_bridge ev ssl crypto websockets config PkgConfig::JANSSON PkgConfig::SYSTEMD)

add_executable(neighborsd ${CMAKE_CURRENT_SOURCE_DIR}/main.c ${CMAKE_CURRENT_SOURCE_DIR}/supervisor.c
  ${process})
target_link_libraries(neighborsd PRIVATE neighbors_net neighbors_core neighbors_bridge neighbors_push neighbors_cap config)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/main.c PROPERTIES COMPILE_DEFINITIONS NEIGHBORS_VERSION="${PROJECT_VERSION}")
