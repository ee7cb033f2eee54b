# neighbors_test(NAME name SOURCES a.c ... LIBS x ...): one cmocka program, known to ctest by its name.
function(neighbors_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;LIBS" ${ARGN})
  add_executable(test_${T_NAME} ${T_SOURCES})
  target_link_libraries(test_${T_NAME} PRIVATE ${T_LIBS} cmocka)
  add_test(NAME ${T_NAME} COMMAND test_${T_NAME} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()

# libFuzzer learns from what it has covered: everything that a fuzzer may call says so, not the fuzzer alone.
if(NEIGHBORS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

# neighbors_fuzzer(NAME name SOURCES a.c ... LIBS x ...): one libFuzzer program, built with -DNEIGHBORS_FUZZ=ON by clang.
function(neighbors_fuzzer)
  if(NEIGHBORS_FUZZ)
    cmake_parse_arguments(F "" "NAME" "SOURCES;LIBS" ${ARGN})
    add_executable(fuzz_${F_NAME} ${F_SOURCES})
    target_compile_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${F_NAME} PRIVATE ${F_LIBS})
  endif()
endfunction()
