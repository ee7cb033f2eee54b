/* How log lines leave the process: as text or JSON on standard error, or to the systemd journal with a field
 * for each value (systemd.journal-fields(7)). */
#ifndef NEIGHBORS_BROKER_NET_LOG_WRITER_H
#define NEIGHBORS_BROKER_NET_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/log.h"

/* By the words of the setting log_format: "text", "json", "journal"; "auto" is the journal where standard
 * error leads there anyway, else text. NULL for another word. */
log_writer *log_writer_named(const char *format);

/* One "key=value" of a line, value without its quotes; key_len 0: words that are no such pair. */
struct log_pair {
    const char *key, *value;
    size_t key_len, value_len;
};
/* Takes the next off *text. False at its end. */
bool log_next_pair(const char **text, struct log_pair *out);

#endif
