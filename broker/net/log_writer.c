#include "broker/net/log_writer.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION /* it would be that of write_journal, of every line */
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

enum { FIELDS = 24, FIELD = 1200 };

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

/* ---- reading a line ---- */

static size_t key_length(const char *text)
{
    size_t len = 0;
    while (islower((unsigned char)text[len]) || isdigit((unsigned char)text[len]) || text[len] == '_')
        len++;
    return len && text[len] == '=' ? len : 0;
}

/* Up to the quote behind which the line ends or another pair begins: errors that are told have quotes of
 * their own. */
static size_t quoted_length(const char *text)
{
    size_t len = 0;
    while (text[len] && !(text[len] == '"' &&
                            (text[len + 1] == '\0' || (text[len + 1] == ' ' && key_length(text + len + 2)))))
        len++;
    return len;
}

bool log_next_pair(const char **text, struct log_pair *out)
{
    const char *at = *text + strspn(*text, " ");
    if (*at == '\0')
        return false;
    size_t key = key_length(at);
    *out = (struct log_pair){.key = at, .key_len = key, .value = key ? at + key + 1 : at};
    if (key && *out->value == '"') {
        out->value++;
        out->value_len = quoted_length(out->value);
        *text = out->value + out->value_len + (out->value[out->value_len] == '"');
        return true;
    }
    if (key) {
        out->value_len = strcspn(out->value, " ");
    } else { /* words up to the next pair */
        do {
            out->value_len += strcspn(at + out->value_len, " ");
            out->value_len += strspn(at + out->value_len, " ");
        } while (at[out->value_len] && !key_length(at + out->value_len));
        while (at[out->value_len - 1] == ' ')
            out->value_len--;
    }
    *text = out->value + out->value_len;
    return true;
}

/* ---- text and JSON ---- */

static void write_text(enum log_level level, const char *event, const char *text)
{
    (void)level;
    fprintf(stderr, "%s%s%s\n", event, *text ? " " : "", text);
}

static void write_json(enum log_level level, const char *event, const char *text)
{
    char at[32], key[FIELD];
    struct timespec now;
    struct tm utc;
    struct log_pair pair;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(at + len, sizeof(at) - len, ".%03ldZ", now.tv_nsec / 1000000);
    json_t *line = json_pack("{s:s, s:s, s:s}", "time", at, "level", level_names[level], "event", event);
    while (line && log_next_pair(&text, &pair)) {
        snprintf(
            key, sizeof(key), "%.*s", pair.key_len ? (int)pair.key_len : 4, pair.key_len ? pair.key : "text");
        json_object_set_new_nocheck(line, key, json_stringn_nocheck(pair.value, pair.value_len));
    }
    char *written = line ? json_dumps(line, JSON_COMPACT) : NULL;
    fprintf(stderr, "%s\n", written ? written : event);
    free(written);
    json_decref(line);
}

/* ---- the journal ---- */

struct fields {
    char room[FIELDS][FIELD];
    struct iovec list[FIELDS];
    int count;
};

static void add(struct fields *fields, const char *name, const struct log_pair *pair)
{
    if (fields->count == FIELDS)
        return;
    char *field = fields->room[fields->count];
    int len = snprintf(
        field, FIELD, "%s%.*s=%.*s", name, (int)pair->key_len, pair->key, (int)pair->value_len, pair->value);
    for (char *c = field; *c && *c != '='; c++)
        *c = (char)toupper((unsigned char)*c);
    fields->list[fields->count++] = (struct iovec){field, (size_t)(len < FIELD ? len : FIELD - 1)};
}

static void add_text(struct fields *fields, const char *name, const char *value)
{
    add(fields, name, &(struct log_pair){.key = "", .value = value, .value_len = strlen(value)});
}

static void write_journal(enum log_level level, const char *event, const char *text)
{
    static struct fields fields; /* one thread logs */
    char message[FIELD], priority[4];
    struct log_pair pair;
    fields.count = 0;
    snprintf(message, sizeof(message), "%s%s%s", event, *text ? " " : "", text);
    snprintf(priority, sizeof(priority), "%d", priorities[level]);
    add_text(&fields, "MESSAGE", message);
    add_text(&fields, "PRIORITY", priority);
    add_text(&fields, "SYSLOG_IDENTIFIER", "neighborsd");
    add_text(&fields, "NEIGHBORS_EVENT", event);
    while (log_next_pair(&text, &pair))
        if (pair.key_len)
            add(&fields, "NEIGHBORS_", &pair);
    if (sd_journal_sendv(fields.list, fields.count) < 0)
        write_text(level, event, message + strlen(event) + (message[strlen(event)] == ' '));
}

/* JOURNAL_STREAM names the device and inode of the journal's stream (systemd.exec(5)): whether that still is
 * where standard error leads. */
static bool leads_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char here[64];
    struct stat status;
    if (!stream || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, here) == 0;
}

log_writer *log_writer_named(const char *format)
{
    if (strcmp(format, "auto") == 0)
        return leads_to_journal() ? write_journal : write_text;
    if (strcmp(format, "journal") == 0)
        return write_journal;
    if (strcmp(format, "json") == 0)
        return write_json;
    return strcmp(format, "text") == 0 ? write_text : NULL;
}
