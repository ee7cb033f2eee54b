# The public functions of geo/, in four groups.
foreach(part cells shapes covers circles)
  neighbors_fuzzer(NAME geo_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_geo_${part}.c LIBS neighbors_geo)
endforeach()
