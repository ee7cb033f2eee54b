foreach(part cells shapes covers polygons circles promise)
  neighbors_test(NAME geo_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_${part}.c LIBS neighbors_geo)
endforeach()

# GEOS (libgeos-dev) is what polygons are held against; without it that one test is left out.
find_path(GEOS_C_INCLUDE geos_c.h)
find_library(GEOS_C_LIBRARY geos_c)
if(GEOS_C_INCLUDE AND GEOS_C_LIBRARY)
  neighbors_test(NAME geo_geos SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_geo_geos.c
    LIBS neighbors_geo ${GEOS_C_LIBRARY})
endif()
