/* The log: lines, limited an event, so that whoever makes us log cannot fill the disk. Its
 * few words of state are the process', as standard error is. */
#include "broker/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINES_A_SECOND = 20, DEBUG_A_SECOND = 5000, EVENTS = 256, LINE = 1024 };

struct event_rate {
    const char *event; /* static text of the caller */
    unsigned lines, left_out;
};

static void write_text(enum log_level level, const char *event, const char *text)
{
    (void)level;
    fprintf(stderr, "%s%s%s\n", event, *text ? " " : "", text);
}

static enum log_level highest = LOG_LEVEL_INFO;
static log_writer *writer = write_text;
static struct event_rate rates[EVENTS];
static time_t current_second;

void log_set_writer(log_writer *another)
{
    writer = another;
}

void log_set_level(enum log_level level)
{
    highest = level;
}

bool log_wants(enum log_level level)
{
    return level <= highest;
}

/* What peers sent may be in a value: nothing of it may begin a new line or move a terminal's cursor. */
static void write_clean(enum log_level level, const char *event, char *line)
{
    for (unsigned char *c = (unsigned char *)line; *c; c++) {
        if (*c < 0x20 || *c == 0x7F) {
            *c = '?';
        }
    }
    writer(level, event, line);
}

static void begin_second(time_t second)
{
    current_second = second;
    for (struct event_rate *rate = rates; rate < rates + EVENTS && rate->event; rate++) {
        if (rate->left_out) {
            char line[32];
            snprintf(line, sizeof(line), "left_out=%u", rate->left_out);
            writer(LOG_LEVEL_WARNING, rate->event, line);
        }
        rate->lines = rate->left_out = 0;
    }
}

static struct event_rate *rate_of(const char *event)
{
    struct event_rate *rate = rates;
    while (rate < rates + EVENTS - 1 && rate->event && strcmp(rate->event, event) != 0) {
        rate++; /* more events than rows share the last one */
    }
    if (!rate->event) {
        rate->event = event;
    }
    return rate;
}

static void write_line(enum log_level level, const char *event, const char *format, va_list arguments)
{
    char line[LINE];
    vsnprintf(line, sizeof(line), format, arguments);
    write_clean(level, event, line);
}

void log_turn(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != current_second) {
        begin_second(now.tv_sec);
    }
}

void log_end(void)
{
    begin_second(current_second);
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if (level > highest) {
        return;
    }
    log_turn();
    struct event_rate *rate = rate_of(event);
    if (rate->lines >= (level == LOG_LEVEL_DEBUG ? DEBUG_A_SECOND : LINES_A_SECOND)) {
        rate->left_out++;
        return;
    }
    rate->lines++;
    va_list arguments;
    va_start(arguments, format);
    write_line(level, event, format, arguments);
    va_end(arguments);
}

void log_text(enum log_level level, const char *event, const char *text)
{
    log_line(level, event, "%s", text);
}

void log_always(const char *event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_LEVEL_INFO, event, format, arguments);
    va_end(arguments);
}
