add_executable(bench_geo ${CMAKE_CURRENT_LIST_DIR}/geo.c)
target_link_libraries(bench_geo PRIVATE neighbors_geo)
