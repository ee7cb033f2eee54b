/* What the subcommands of `neighbors` share: how options are read, what they mean, how it ends. Each
 * subcommand is one file, one row of the table in main.c, and one struct command here below. */
#ifndef NEIGHBORS_CLI_CLI_H
#define NEIGHBORS_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bridge/place_seal.h"
#include "cli/addresses.h"
#include "geo/geo.h"
#include "proto/arena.h"
#include "proto/message.h"

enum { LEAF_PRECISION = 6, FINE_PRECISION = 8, OPTIONS_MAX = 32, COMMAND_FIELD = 256 };

/* How the program ends (CONTRACT, section 5). */
enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* An option of one subcommand. */
struct option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* what the usage calls its value; NULL: a switch */
    const char *help;     /* one sentence */
};

/* Options that every subcommand understands, from the command line, else from the environment, else from the
 * settings of the installation (cli/addresses.h), else as ./run has it. */
struct common {
    const char *broker_host;
    int broker_port;
    const char *broker_from, *redis_from; /* who says so, for complaints */
    const char *tls_ca;                   /* NULL: no TLS */
    const char *tls_cert;                 /* BASE of BASE.crt and BASE.key; NULL: no certificate */
    const char *as;                       /* "<role>/<id>"; NULL: not said */
    const char *token_file;               /* NULL: not said */
    const char *redis;
    const char *keys;
    const char *data;
    bool json;
};

struct invocation;
struct command {
    const char *name;                 /* "publish alert" */
    const char *summary;              /* one line for the list of commands */
    const char *arguments;            /* what follows the options in the usage; "" */
    const struct option_row *options; /* ended by a row without a name */
    enum exit_code (*run)(struct invocation *invocation);
};

/* All of them (commands.c). */
extern const struct command *const cli_commands[];
extern const size_t cli_command_count;

/* The options that every subcommand has: the row of `index`, and the variable of the environment that stands
 * in for it, NULL for none. NULL behind the last one. */
const struct option_row *cli_common_option(size_t index, const char **environment);

/* One call of a subcommand, read. */
struct invocation {
    const struct command *command;
    struct common common;
    char broker_host[COMMAND_FIELD], keys[COMMAND_FIELD],
        redis[2 * COMMAND_FIELD];      /* room for what common points to */
    struct addresses addresses;        /* of the settings */
    bool addresses_meant;              /* the broker that is meant is theirs */
    char fallback[ADDRESS_FAULT + 32]; /* who says so when nobody does */
    const char *value[OPTIONS_MAX]; /* of the command's own options, in the order of its rows; "" for a given
                                       switch */
    int argument_count;
    char **arguments; /* also those that begin with a minus and a digit, as places do */
};

/* Reads the command line behind the command's name. False: a complaint or the usage was printed, *code is how
 * to end. */
bool cli_read(
    const struct command *command, int argc, char **argv, struct invocation *out, enum exit_code *code);

/* Whether "--json" is among the words; before anything else of them is known. */
bool cli_asks_json(int argc, char **argv);

/* The broker's HTTP ("http://HOST:PORT") and its metrics page: as `given` says (an option, whose name is
 * `option`; NULL: not said), else the settings, else reckoned from the port of MQTT as ./run has them. False:
 * the settings say that there is none, and the complaint was printed. */
bool cli_http(
    const struct invocation *invocation, const char *option, const char *given, struct address *out);
bool cli_metrics(
    const struct invocation *invocation, const char *option, const char *given, struct address *out);

/* Complains on standard error, "neighbors: <sentence>", in JSON too when asked, and returns the code. */
enum exit_code cli_fail(const struct invocation *invocation, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints one JSON object on its line and drops it. */
void cli_print_json(json_t *object);

/* Values of options. False: the complaint was printed as one of usage. */
bool cli_point(
    const struct invocation *invocation, const char *name, const char *text, struct geo_point *out);
bool cli_number(const struct invocation *invocation, const char *name, const char *text, int64_t least,
    int64_t most, int64_t *out);
/* A time as ms since 1970: "now", 2026-11-24, 2026-11-24T14:00:00Z or +01:00, ms since 1970, or -2h, +30m of
 * now. */
bool cli_time(const struct invocation *invocation, const char *name, const char *text, int64_t *out);
/* A length as ms: 90s, 30m, 2h, 7d, 2w. */
bool cli_span(const struct invocation *invocation, const char *name, const char *text, int64_t *out);
/* The leaf cell of a point, as text; and the finer one that the registry keeps. */
void cli_leaf(struct geo_point point, char out[GEO_CELL_TEXT]);
void cli_fine(struct geo_point point, char out[GEO_CELL_TEXT]);

/* Makes a folder, for its owner alone, and those above it; true when it is there. errno tells. */
bool cli_make_folder(const char *path);
/* Reads a whole file of at most `most` bytes into the arena; "-" is standard input. False: errno tells. */
bool cli_read_file(const char *path, size_t most, struct arena *arena, struct bytes *out);
/* Makes a new file to write, with exactly that mode; NULL when it cannot be made or exists already. errno
 * tells. */
FILE *cli_create(const char *path, unsigned mode);
/* The same in place of what a run that was killed may have left there: for what is renamed when it is whole.
 */
FILE *cli_create_anew(const char *path, unsigned mode);
/* Puts a secret that is whole in place of the former file, whose owner and group it takes: who could read
 * that one can read this. False: errno tells. */
bool cli_take_place(const char *fresh, const char *path);
/* Writes a line to a file that only its owner may read, in place of what was there, whole or not at all; its
 * folder is made when it is missing. A pipe or device gets the line and stays. False: errno tells. */
bool cli_write_secret(const char *path, const char *text);

/* The key that places of the registry are sealed with, from KEYS/broker.secret. NULL: the complaint was
 * printed. place_key_free. */
struct place_key *cli_place_key(const struct invocation *invocation);

/* The point as messages carry it. */
struct position cli_position(struct geo_point point);

/* A name of one's own for a message that needs one: "cli-", the time, something random. */
enum { CLI_ID = 48 };
void cli_make_id(char out[CLI_ID]);

/* Milliseconds since 1970. */
int64_t cli_now(void);

/* A word of a closed list, whose names count from 1 and end at the first NULL; either case. 0: none of them.
 */
int cli_word(const char *text, const char *(*name)(int));
/* The same for the value of an option, which may be NULL: *out stays as it is. False: the complaint was
 * printed. */
bool cli_word_of(const struct invocation *invocation, const char *option, const char *text,
    const char *(*name)(int), uint8_t *out);

extern const struct command command_ca_init, command_ca_redis, command_ca_rotate, command_ca_rotate_log,
    command_ca_rotate_secret, command_enroll, command_revoke, command_publish_motion, command_publish_alert,
    command_watch, command_history, command_geo_encode, command_geo_decode, command_geo_neighbors,
    command_geo_parent, command_geo_children, command_geo_ancestor, command_geo_cover, command_geo_show,
    command_geo_contains, command_geo_concerned, command_geo_distance, command_geo_area, command_geo_check,
    command_stats, command_top, command_watchdog, command_setup, command_manual, command_completion,
    command_cap_check, command_cap_rules, command_geocodes_import, command_geocodes_show,
    command_geocodes_list, command_publish_cap, command_witness, command_flag, command_verdict,
    command_settings, command_forget, command_export, command_poll, command_moderate_list,
    command_moderate_show, command_moderate_stats, command_trace, command_moderate_release,
    command_moderate_remove, command_moderate_ban, command_moderate_unban, command_log_head,
    command_log_prove, command_log_verify, command_disclosure;
extern const struct command command_migrate, command_import;
extern const struct command command_footage_request, command_footage_received, command_resolve,
    command_footage_requests, command_footage_answer;
extern const struct command command_tip, command_tips, command_reward_stock, command_reward_give,
    command_reward_check, command_reward_redeem;
extern const struct command command_agency_invite, command_agency_request, command_agency_join;
extern const struct command command_agency_officer, command_agency_list, command_agencies_import,
    command_household_verify, command_household_show, command_household_move, command_household_release,
    command_household_accept, command_household_redeem, command_household_invite;
extern const struct command command_ca_issue, command_ca_renew, command_ca_revoke, command_ca_list;

#endif
