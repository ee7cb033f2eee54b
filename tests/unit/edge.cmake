pkg_check_modules(TEST_EDGE_JANSSON REQUIRED IMPORTED_TARGET jansson)
neighbors_test(NAME edge_expectations SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_edge_expectations.c
  LIBS neighbors_edge_core PkgConfig::TEST_EDGE_JANSSON)
foreach(part memory topics spool settings)
  neighbors_test(NAME edge_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_edge_${part}.c LIBS neighbors_edge_core)
endforeach()
