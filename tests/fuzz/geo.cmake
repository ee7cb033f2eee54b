# A fuzzer for each public function: the functions that geo.h declares are the list, fuzz_<function> in one of the files
# below is the fuzzer, and one that is missing does not link.
if(NEIGHBORS_FUZZ)
  set(fuzz_geo_files cells texts shapes prepared covers circles)
  list(TRANSFORM fuzz_geo_files REPLACE "(.+)" "${CMAKE_CURRENT_LIST_DIR}/fuzz_geo_\\1.c")
  add_library(fuzzers_of_geo STATIC ${fuzz_geo_files})
  target_link_libraries(fuzzers_of_geo PUBLIC neighbors_geo)

  get_property(functions GLOBAL PROPERTY NEIGHBORS_GEO_FUNCTIONS)
  foreach(function ${functions})
    neighbors_fuzzer(NAME geo_${function} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_geo.c LIBS fuzzers_of_geo)
    target_compile_definitions(fuzz_geo_${function} PRIVATE FUZZ_FUNCTION=fuzz_geo_${function})
  endforeach()
endif()
