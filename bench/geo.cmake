# The real boundaries that it covers are GeoJSON, read as the command line does.
get_property(geo_functions GLOBAL PROPERTY NEIGHBORS_GEO_FUNCTIONS)
list(TRANSFORM geo_functions REPLACE "(.+)" "GEO_FUNCTION(\\1)\n" OUTPUT_VARIABLE geo_rows)
string(JOIN "" geo_rows ${geo_rows})
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/geo_functions.h CONTENT "${geo_rows}")
pkg_check_modules(BENCH_GEO REQUIRED IMPORTED_TARGET jansson)
add_executable(bench_geo geo.c geo_others.c geo_each.c geo_real.c ${CMAKE_SOURCE_DIR}/cli/geojson.c ${CMAKE_SOURCE_DIR}/cli/geo_outline.c)
target_include_directories(bench_geo PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(bench_geo PRIVATE neighbors_proto neighbors_geo PkgConfig::BENCH_GEO)
