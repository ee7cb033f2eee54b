# What the mappings of neighbors-edge make of samples of every publisher.
add_test(NAME edge_translate COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/test_translate.py $<TARGET_FILE:neighbors-edge>)
set_tests_properties(edge_translate PROPERTIES SKIP_RETURN_CODE 77)
