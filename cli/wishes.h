/* The options that say what a follower wishes of its deliveries (message Settings). */
#ifndef NEIGHBORS_CLI_WISHES_H
#define NEIGHBORS_CLI_WISHES_H

#include "cli/cli.h"

/* What was said; NULL: not said. */
struct wish_words {
    const char *least;     /* "moderate", "weather=severe,crime=minor,moderate" */
    const char *quiet;     /* "22:00-07:00", "22:00-07:00@mon-fri,13:00-14:00@sun" */
    const char *passes;    /* a severity */
    const char *digest;    /* a span */
    const char *language;  /* a tag */
    const char *time_zone; /* an IANA name; "": the one of this computer when there are quiet hours */
};
#define WISH_ROWS(LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE)                                         \
    [LEAST] = {"least", "WORDS", "least severity: moderate, or weather=severe,crime=minor,..."},             \
    [QUIET] = {"quiet", "HOURS", "hours of quiet: 22:00-07:00, or 22:00-07:00@mon-fri,..."},                 \
    [PASSES] = {"quiet-passes", "WORD", "severity that passes all the same (extreme)"},                      \
    [DIGEST] = {"digest", "SPAN", "what is not extreme comes together each so often: 5m to 24h"},            \
    [LANGUAGE] = {"language", "TAG", "of alerts that have several, such as es-US"},                          \
    [TIME_ZONE] = {"time-zone", "NAME", "of the hours, such as America/Los_Angeles (UTC)"}

/* "22:00-07:00" or "22:00-07:00@mon-fri". False: it has not that form. */
bool wishes_hours(const char *text, struct daily_hours *out) __attribute__((warn_unused_result));

/* False: the complaint was printed. */
bool wishes_read(const struct invocation *invocation, const struct wish_words *words, struct arena *arena,
    struct settings_message *out);
bool wishes_given(const struct wish_words *words);

#endif
