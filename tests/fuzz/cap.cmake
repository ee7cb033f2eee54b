# CAP documents: read, written, read again; as alerts and back.
set(here ${CMAKE_CURRENT_LIST_DIR})
neighbors_fuzzer(NAME cap_read SOURCES ${here}/fuzz_cap_read.c LIBS neighbors_cap)
neighbors_fuzzer(NAME cap_alert SOURCES ${here}/fuzz_cap_alert.c ${here}/../unit/test_cap_alert_support.c
  LIBS neighbors_cap)
