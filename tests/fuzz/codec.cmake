# The decoders of the messages, a fuzzer for each encoding.
foreach(encoding protobuf json)
  neighbors_fuzzer(NAME codec_${encoding} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_codec_${encoding}.c
    LIBS neighbors_proto PkgConfig::PROTOBUF_C)
endforeach()
