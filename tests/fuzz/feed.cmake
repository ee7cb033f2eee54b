# Public feeds.
neighbors_fuzzer(NAME feed_read SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_feed_read.c LIBS neighbors_feed)
