# The messages: arena, codecs, the JSON mapping.
set(here ${CMAKE_CURRENT_LIST_DIR})
neighbors_test(NAME arena SOURCES ${here}/test_arena.c LIBS neighbors_proto)
foreach(thing rules motion bytes encoding footage)
  neighbors_test(NAME codec_${thing} SOURCES ${here}/test_codec_${thing}.c ${here}/test_codec_support.c
    LIBS neighbors_proto PkgConfig::PROTOBUF_C)
endforeach()
neighbors_test(NAME json SOURCES ${here}/test_json.c ${here}/test_codec_support.c
  LIBS neighbors_proto PkgConfig::PROTOBUF_C)

# Against Google's implementation, where it is installed (python3-protobuf, protobuf-compiler).
add_executable(codec_convert ${here}/test_codec_convert.c ${here}/test_codec_support.c)
target_link_libraries(codec_convert PRIVATE neighbors_proto PkgConfig::PROTOBUF_C cmocka)
add_test(NAME codec_interop COMMAND /usr/bin/python3 ${here}/test_codec_interop.py $<TARGET_FILE:codec_convert>)
set_tests_properties(codec_interop PROPERTIES SKIP_RETURN_CODE 77)
