# Joins PARTS (Lua files) into one library for FUNCTION LOAD and writes OUTPUT, a C file that holds it. Those whose names
# are in ROOMS become blocks of their own.
# Run as: cmake -DPARTS=a.lua;b.lua -DROOMS=b -DOUTPUT=x.c -P embed.cmake

cmake_policy(SET CMP0057 NEW) # IN_LIST

set(body "")
string(HEX "do\n" begin)
string(HEX "end\n" end)
foreach(part ${PARTS})
  file(READ ${part} text HEX)
  get_filename_component(name ${part} NAME_WE)
  if(name IN_LIST ROOMS)
    set(text ${begin}${text}${end})
  endif()
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
