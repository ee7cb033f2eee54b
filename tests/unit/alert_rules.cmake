neighbors_test(NAME alert_rules SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_alert_rules.c LIBS neighbors_core neighbors_bridge m)
target_compile_definitions(test_alert_rules PRIVATE RULES_TSV="${CMAKE_CURRENT_LIST_DIR}/alert_rules.tsv")
