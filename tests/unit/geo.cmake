foreach(part cells shapes covers polygons within circles)
  neighbors_test(NAME geo_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_${part}.c LIBS neighbors_geo)
endforeach()
neighbors_test(NAME geo_promise
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_promise.c ${CMAKE_CURRENT_LIST_DIR}/geo_hard.c ${CMAKE_CURRENT_LIST_DIR}/geo_slow.c
  LIBS neighbors_geo)

# GEOS (libgeos-dev) is what polygons are held against; without it that one test is left out.
find_path(GEOS_C_INCLUDE geos_c.h)
find_library(GEOS_C_LIBRARY geos_c)
if(GEOS_C_INCLUDE AND GEOS_C_LIBRARY)
  neighbors_test(NAME geo_geos SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_geos.c
    LIBS neighbors_geo ${GEOS_C_LIBRARY})
endif()

# Published vectors and boundaries, read as the command line reads them; ctest says that it was skipped where they are not.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
neighbors_test(NAME geo_vectors
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_vectors.c ${CMAKE_SOURCE_DIR}/cli/geojson.c ${CMAKE_SOURCE_DIR}/cli/geo_outline.c
  LIBS neighbors_proto neighbors_geo PkgConfig::JANSSON)
set_tests_properties(geo_vectors PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED")
