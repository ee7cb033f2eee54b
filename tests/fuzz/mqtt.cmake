neighbors_fuzzer(NAME mqtt SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_mqtt.c LIBS neighbors_proto)
neighbors_fuzzer(NAME topic SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_topic.c LIBS neighbors_proto)
