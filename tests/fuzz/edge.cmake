# Mappings of neighbors-edge: what a home's publishers say, and what an owner writes.
if(NEIGHBORS_FUZZ)
  pkg_check_modules(FUZZ_CONFIG REQUIRED IMPORTED_TARGET libconfig)
endif()
neighbors_fuzzer(NAME edge_translate SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_edge_translate.c LIBS neighbors_edge_core)
neighbors_fuzzer(NAME edge_rows SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_edge_rows.c
  LIBS neighbors_edge_core PkgConfig::FUZZ_CONFIG)
