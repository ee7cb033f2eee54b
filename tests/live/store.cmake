# What the tests of the store share: the fixture, and what is done and looked at in it.
set(store_tests_sources store_fixture.c store_alerts.c store_motions.c store_opinions.c store_reports.c store_streets.c store_traces.c redis_server.c held_port.c)
list(TRANSFORM store_tests_sources PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
add_library(store_tests OBJECT ${store_tests_sources})
target_link_libraries(store_tests PUBLIC neighbors_bridge cmocka)

# The store against a real Redis, in programs of its own so that a failure names its part.
foreach(part motion activity outage regions packet alert agency moderation report report_change overtake slots geocodes channel feed session revoked
    footage clips household settle tip push record forget export)
  neighbors_test(NAME store_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_${part}.c LIBS store_tests neighbors_bridge)
  set_tests_properties(store_${part} PROPERTIES FIXTURES_SETUP store)
  list(APPEND called $<TARGET_FILE:test_store_${part}>.called)
endforeach()
# When all of them ran: every function was called in a cluster.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME store_functions_in_a_cluster
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/functions_called.py ${CMAKE_SOURCE_DIR}/bridge/scripts ${called})
set_tests_properties(store_functions_in_a_cluster PROPERTIES FIXTURES_REQUIRED store)
# Following in a cluster of three masters and three replicas.
neighbors_test(NAME store_tail
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_tail.c ${CMAKE_CURRENT_LIST_DIR}/redis_cluster.c
  LIBS store_tests neighbors_bridge)
# Calls in one, and while one of its masters dies.
foreach(part cluster failover)
  neighbors_test(NAME store_${part}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_${part}.c ${CMAKE_CURRENT_LIST_DIR}/store_city.c ${CMAKE_CURRENT_LIST_DIR}/store_people.c
      ${CMAKE_CURRENT_LIST_DIR}/redis_cluster.c
    LIBS store_tests neighbors_bridge)
endforeach()
# The files of replicas.
neighbors_test(NAME store_forget_replicas
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_forget_replicas.c ${CMAKE_CURRENT_LIST_DIR}/redis_cluster.c ${CMAKE_CURRENT_LIST_DIR}/redis_sentinels.c
  LIBS store_tests neighbors_bridge)
# Calls behind sentinels.
neighbors_test(NAME store_sentinels
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_sentinels.c ${CMAKE_CURRENT_LIST_DIR}/store_people.c ${CMAKE_CURRENT_LIST_DIR}/redis_sentinels.c
  LIBS store_tests neighbors_bridge)
# Upkeep while one of three masters stands still.
neighbors_test(NAME store_away
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_away.c ${CMAKE_CURRENT_LIST_DIR}/redis_cluster.c
  LIBS store_tests neighbors_bridge)
# All keys are looked through while masters are replaced and slots move.
neighbors_test(NAME redis_walk
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_redis_walk.c ${CMAKE_CURRENT_LIST_DIR}/redis_cluster.c ${CMAKE_CURRENT_LIST_DIR}/redis_sentinels.c
  LIBS store_tests neighbors_bridge)
# The clock is set.
neighbors_test(NAME store_clock SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_clock.c LIBS store_tests neighbors_bridge)
# Redis, or the process, stands still.
neighbors_test(NAME store_stall SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_store_stall.c LIBS store_tests neighbors_bridge)
# Each has several servers: one at a time.
set_tests_properties(store_tail store_cluster store_failover store_sentinels store_away store_forget_replicas redis_walk PROPERTIES RESOURCE_LOCK cluster)
