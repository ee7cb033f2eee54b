neighbors_test(NAME cli_feed
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_feed.c ${CMAKE_SOURCE_DIR}/cli/seen.c ${CMAKE_SOURCE_DIR}/cli/columns.c
  LIBS neighbors_proto)
neighbors_test(NAME cli_commands SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_commands.c LIBS crypto jansson)
target_compile_definitions(test_cli_commands PRIVATE NEIGHBORS_PROGRAM="$<TARGET_FILE:neighbors>")
add_dependencies(test_cli_commands neighbors)
