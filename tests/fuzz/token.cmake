# Tokens and their keys.
neighbors_fuzzer(NAME token SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_token.c LIBS neighbors_bridge)
