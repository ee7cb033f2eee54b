# Puts one file into a C file as `const char NAME[]`, with its size in NAME_size.
# Run as: cmake -DFILE=a.lua -DNAME=a -DOUTPUT=a.c -P embed_file.cmake
file(READ ${FILE} text HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${text}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Made by scripts/embed_file.cmake. */\n#include <stddef.h>\n\n"
  "extern const char ${NAME}[];\nextern const size_t ${NAME}_size;\n"
  "const char ${NAME}[] = {\n${bytes}0};\nconst size_t ${NAME}_size = sizeof(${NAME}) - 1;\n")
