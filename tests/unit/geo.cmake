neighbors_test(NAME geo_cells SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_cells.c LIBS neighbors_geo)
neighbors_test(NAME geo_shapes SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_shapes.c LIBS neighbors_geo)
neighbors_test(NAME geo_covers SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_covers.c LIBS neighbors_geo)
