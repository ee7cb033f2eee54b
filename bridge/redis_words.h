/* The words of a command of a blocking conversation: commands made of them, and what they say of it. Part of
 * bridge/redis_sync.h; nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_REDIS_WORDS_H
#define NEIGHBORS_BRIDGE_REDIS_WORDS_H

#include <stdarg.h>

#include "bridge/store_inside.h"

/* Makes a command of its words, with the guard when it calls a function (command_free). */
void command_of_words(struct command *command, const struct bytes *words, size_t count);
/* The same of what hiredis formats. */
void command_of_format(struct command *command, const char *format, va_list arguments);

/* True for what changes nothing: no replica needs to have it. */
bool command_only_reads(const struct command *command);
/* True for what may not be done twice, so that it is not sent again when no answer came. */
bool command_is_once(const struct command *command);

#endif
