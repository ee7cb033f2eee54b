/* Text in columns of a terminal: strangers' text made harmless, padded and cut by characters, not bytes. */
#ifndef NEIGHBORS_CLI_COLUMNS_H
#define NEIGHBORS_CLI_COLUMNS_H

#include "proto/bytes.h"

enum { COLUMN_TEXT = 512 };

/* Copies text without what could steer a terminal or turn lines around: control characters become spaces,
 * marks of direction vanish. Cut at whole characters to COLUMN_TEXT - 1 bytes. */
void column_clean(struct text text, char out[COLUMN_TEXT]);

/* Writes text in exactly `width` characters, cut with an ellipsis or padded with spaces; width 0: as it is.
 */
void column_fit(const char *text, size_t width, char out[COLUMN_TEXT]);

#endif
