# CAP documents: each way to break a rule.
set(here ${CMAKE_CURRENT_LIST_DIR})
foreach(thing cases limits)
  neighbors_test(NAME cap_${thing} SOURCES ${here}/test_cap_${thing}.c ${here}/test_cap_support.c
    LIBS neighbors_cap)
endforeach()
