/* What `neighbors-edge run` is told: the file (libconfig) first, then the flags, which win. */
#ifndef NEIGHBORS_EDGE_SETTINGS_H
#define NEIGHBORS_EDGE_SETTINGS_H

#include "bridge/client/setting.h"
#include "bridge/edge/back/back_settings.h"
#include "bridge/edge/mapping/own_rows.h"
#include "bridge/edge/mapping/translator.h"
#include "bridge/edge/spool/spool.h"

#define EDGE_SPOOL_FILE "spool.db" /* unless the owner says */

/* A device that the owner shares. All others stay in the house. */
struct edge_shared {
    const struct edge_map *map; /* NULL: of any map */
    char *source;               /* the publisher's name of it */
    char id[LIMIT_ID + 1];      /* as enrolled */
    unsigned kinds;             /* bit n: motion kind n */
    bool has_position;          /* enrolled without a place: where it is, as it may leave the house */
    struct position position;
};

struct edge_settings {
    char id[LIMIT_ID + 1]; /* of this edge, without its role */
    struct endpoint local, broker;
    char *spool_file;
    struct spool_limits spool_limits;
    bool assume_quiet;
    int64_t together_ms, hold_off_ms; /* memory.h */
    struct edge_own own;              /* rows of the owner */
    size_t choice_count;
    struct edge_choice choices[EDGE_MOST_MAPS];
    size_t shared_count;
    struct edge_shared *shared;
    struct back_settings back; /* what comes from the neighborhood into the home */
};

/* Reads the arguments and the file they name. false: what is wrong was told on standard error (or, when it
 * was asked for, the usage on standard output), and *result is the exit code. */
bool edge_settings_read(struct edge_settings *settings, int argc, char **argv, int *result)
    __attribute__((warn_unused_result));
void edge_settings_free(struct edge_settings *settings);
/* Adds to an event where its device is, when the owner told it. */
void edge_settings_fill_place(const struct edge_settings *settings, struct motion_event *event);
/* Chooses the maps of the owner's rows that are not built in and were not named. */
bool edge_settings_own_maps(struct edge_settings *settings) __attribute__((warn_unused_result));

/* The entry for a device; NULL: not shared. */
const struct edge_shared *edge_settings_shared(
    const struct edge_settings *settings, const char *map, const char *device);

/* Parts of the reading, for settings.c and settings_file.c. */
bool edge_settings_file(struct edge_settings *settings, const char *file) __attribute__((warn_unused_result));
/* Reads of the file only what says how messages become events: rows, maps, together_s, hold_off_s. */
bool edge_settings_mapping(struct edge_settings *settings, const char *file)
    __attribute__((warn_unused_result));
/* Where the edge of that file has its spool. false: told on standard error. */
bool edge_settings_spool_file(char **spool, const char *file) __attribute__((warn_unused_result));
/* The `at` and `cell` of a device's entry (settings_place.c). */
struct config_setting_t;
bool edge_settings_place(struct edge_shared *shared, const struct config_setting_t *entry)
    __attribute__((warn_unused_result));
bool edge_settings_id(struct edge_settings *settings, const char *id) __attribute__((warn_unused_result));
bool edge_settings_map(struct edge_settings *settings, const char *name, const char *prefix)
    __attribute__((warn_unused_result));
/* HOST, HOST:PORT or [ADDRESS]:PORT; without a port it stays as it is. */
bool edge_settings_endpoint(struct endpoint *endpoint, const char *text) __attribute__((warn_unused_result));
/* kinds: words of the closed list, or "all". */
bool edge_settings_share(struct edge_settings *settings, const char *map, const char *source, const char *id,
    unsigned kinds) __attribute__((warn_unused_result));
unsigned edge_settings_kind_bits(const char *word);

#endif
