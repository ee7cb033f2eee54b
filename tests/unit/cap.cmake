# CAP documents: each way to break a rule, hostile ones, real ones, signed ones; as alerts and back.
set(here ${CMAKE_CURRENT_LIST_DIR})
foreach(thing cases limits schema shared write signature alert alert_areas area_limits)
  neighbors_test(NAME cap_${thing} LIBS neighbors_cap
    SOURCES ${here}/test_cap_${thing}.c ${here}/test_cap_support.c ${here}/test_cap_alert_support.c)
endforeach()
foreach(thing write alert alert_areas area_limits)
  target_sources(test_cap_${thing} PRIVATE ${here}/test_cap_fixture.c)
endforeach()
target_sources(test_cap_signature PRIVATE ${here}/test_cap_signer.c)

neighbors_test(NAME cli_cap SOURCES ${here}/test_cli_cap.c ${here}/test_cap_support.c LIBS neighbors_cap jansson)
target_compile_definitions(test_cli_cap PRIVATE NEIGHBORS_PROGRAM="$<TARGET_FILE:neighbors>")
add_dependencies(test_cli_cap neighbors)
neighbors_test(NAME cap_atom SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/test_cap_atom.c LIBS neighbors_cap)
