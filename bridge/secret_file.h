/* The file that holds the installation's secret. */
#ifndef NEIGHBORS_BRIDGE_SECRET_FILE_H
#define NEIGHBORS_BRIDGE_SECRET_FILE_H

#include <stdint.h>

enum { SECRET_BYTES = 32 };

/* Reads the secret: 32 bytes, or 64 hexadecimal digits with or without a line's end; not readable by
 * everybody. NULL, or the rule that is broken (static). The caller wipes out[] when done. */
const char *secret_file_read(const char *path, uint8_t out[SECRET_BYTES]) __attribute__((warn_unused_result));

#endif
