# Public feeds: what is found in them, and how long is waited after a failure.
neighbors_test(NAME feed_read SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_feed_read.c ${CMAKE_CURRENT_LIST_DIR}/test_cap_support.c
  LIBS neighbors_feed neighbors_cap)
