/* The log: one line an event, "event key=value …", to standard error, where the journal takes it. No
 * payloads, places, tokens or queries. */
#ifndef NEIGHBORS_BROKER_LOG_H
#define NEIGHBORS_BROKER_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines of a higher level than this are left out. Set once at start. */
void log_set_level(enum log_level level);
/* event: a word or two with underscores; format: "key=value …". Rate-limited an event: after 20 lines a
 * second the rest is counted and told in one line. */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
