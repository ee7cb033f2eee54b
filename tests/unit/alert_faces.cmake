neighbors_test(NAME alert_faces SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_alert_faces.c LIBS neighbors_core neighbors_bridge m)
