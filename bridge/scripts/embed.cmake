# Joins PARTS (Lua files) into one library for FUNCTION LOAD and writes OUTPUT, a C file that holds it.
# Run as: cmake -DPARTS=a.lua;b.lua -DOUTPUT=x.c -P embed.cmake

set(body "")
foreach(part ${PARTS})
  file(READ ${part} text HEX)
  string(APPEND body ${text})
endforeach()
string(SHA256 version "${body}")
string(SUBSTRING ${version} 0 16 version)

string(HEX "#!lua name=neighbors\nlocal VERSION = '${version}'\n" head)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${head}${body}")
string(REGEX REPLACE "(................................................................................)" "\\1\n"
  bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Made by scripts/embed.cmake. */\n#include \"bridge/store_inside.h\"\n\n"
  "const char store_scripts_version[] = \"${version}\";\n"
  "const char store_scripts[] = {\n${bytes}0};\n"
  "const size_t store_scripts_size = sizeof(store_scripts) - 1;\n")
