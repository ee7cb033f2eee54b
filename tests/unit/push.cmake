# Push messages: sealed, signed for, and where they may go.
neighbors_test(NAME push SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_push.c LIBS neighbors_push crypto)
