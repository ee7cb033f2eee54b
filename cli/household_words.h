/* The options that say what a household shares, and who may ask it for footage (message Settings). */
#ifndef NEIGHBORS_CLI_HOUSEHOLD_WORDS_H
#define NEIGHBORS_CLI_HOUSEHOLD_WORDS_H

#include "cli/cli.h"

/* "person+vehicle", "cam-1=doorbell@08:00-18:00@mon-fri,all", "cam-2=none", "none". False: the complaint was
 * printed. */
bool household_share_words(const struct invocation *invocation, const char *text, struct arena *arena,
    struct sharing_rules *out) __attribute__((warn_unused_result));

/* "burglary+theft", "elmonte-pd=all,missing_person", "none". False: the complaint was printed. */
bool household_footage_words(const struct invocation *invocation, const char *text, struct arena *arena,
    struct footage_rules *out) __attribute__((warn_unused_result));

#endif
