# Tokens: ours and a provider's, their keys and files.
foreach(thing token token_keys)
  neighbors_test(NAME ${thing} LIBS neighbors_bridge crypto
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${thing}.c ${CMAKE_CURRENT_LIST_DIR}/token_case.c)
endforeach()
