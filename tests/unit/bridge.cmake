neighbors_test(NAME bridge_topics SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bridge_topics.c LIBS neighbors_mqtt_bridge)
