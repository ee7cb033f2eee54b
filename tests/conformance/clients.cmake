# The C drivers of the stories in test_clients.py.
pkg_check_modules(CLIENT_MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
add_executable(client_libmosquitto ${CMAKE_CURRENT_LIST_DIR}/clients/libmosquitto.c)
target_link_libraries(client_libmosquitto PRIVATE PkgConfig::CLIENT_MOSQUITTO)
add_executable(client_paho ${CMAKE_CURRENT_LIST_DIR}/clients/paho.c)
target_link_libraries(client_paho PRIVATE paho-mqtt3c)
