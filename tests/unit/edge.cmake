foreach(part own_rows memory topics spool settings back)
  neighbors_test(NAME edge_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_edge_${part}.c LIBS neighbors_edge_core)
endforeach()
