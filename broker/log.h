/* The log: one line an event, "event key=value …", to standard error, as JSON, or to the journal with its
 * fields (broker/net/log_writer.h). No payloads, places, tokens or queries. */
#ifndef NEIGHBORS_BROKER_LOG_H
#define NEIGHBORS_BROKER_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines of a higher level than this are left out. Set once at start. */
void log_set_level(enum log_level level);
/* Whether lines of this level are written: before what is only found out for them. */
bool log_wants(enum log_level level);
/* Who writes a line: text has no control characters, and may be empty. Set once at start; standard error
 * until then. */
typedef void log_writer(enum log_level level, const char *event, const char *text);
void log_set_writer(log_writer *writer);
/* event: a word or two with underscores; format: "key=value …", with double quotes around what may have
 * blanks. Rate-limited an event: after 20 lines a second, of level debug 5,000, the rest is counted and told
 * in one line. */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of a text that is written already. */
void log_text(enum log_level level, const char *event, const char *text);
/* Tells what was left out in the seconds that are over, each once: to be called a few times a second, as
 * whoever logs next may never come. */
void log_turn(void);
/* The same at the end of the process, of this second too. */
void log_end(void);
/* A line that is written at every level, and counted by nobody: that the process serves. */
void log_always(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
