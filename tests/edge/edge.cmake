# What the mappings of neighbors-edge make of samples of every publisher: ours, and the collected ones where they are present.
set(here ${CMAKE_CURRENT_LIST_DIR})
add_test(NAME edge_translate COMMAND /usr/bin/python3 ${here}/test_translate.py $<TARGET_FILE:neighbors-edge> own)
add_test(NAME edge_translate_collected COMMAND /usr/bin/python3 ${here}/test_translate.py $<TARGET_FILE:neighbors-edge> shared)
set_tests_properties(edge_translate_collected PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME edge_commands COMMAND /usr/bin/python3 ${here}/test_commands.py $<TARGET_FILE:neighbors-edge>)
