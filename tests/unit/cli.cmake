neighbors_test(NAME cli_feed
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_feed.c ${CMAKE_SOURCE_DIR}/cli/seen.c ${CMAKE_SOURCE_DIR}/cli/columns.c
  LIBS neighbors_proto)
# The program as it is called.
foreach(part commands geo ca)
  neighbors_test(NAME cli_${part}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_${part}.c ${CMAKE_CURRENT_LIST_DIR}/cli_case.c LIBS crypto jansson)
  target_compile_definitions(test_cli_${part} PRIVATE NEIGHBORS_PROGRAM="$<TARGET_FILE:neighbors>")
  add_dependencies(test_cli_${part} neighbors)
endforeach()
