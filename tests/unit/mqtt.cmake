neighbors_test(NAME mqtt_decode SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_mqtt_decode.c LIBS neighbors_proto)
neighbors_test(NAME mqtt_encode SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_mqtt_encode.c LIBS neighbors_proto)
neighbors_test(NAME mqtt_utf8 SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_mqtt_utf8.c LIBS neighbors_proto)
neighbors_test(NAME topic SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_topic.c LIBS neighbors_proto)
