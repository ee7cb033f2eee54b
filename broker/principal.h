/* Who is enrolled, as far as this process needs to know now: the principals of its connections, and the
 * devices that its edges speak for. Dropped when the store says that they changed. */
#ifndef NEIGHBORS_BROKER_PRINCIPAL_H
#define NEIGHBORS_BROKER_PRINCIPAL_H

#include <uthash.h>

#include "broker/core.h"
#include "broker/session/ration.h"

/* UNKNOWN: not enrolled, or revoked. FAILED: the store could not say, and never did. */
enum principal_load { PRINCIPAL_LOADING, PRINCIPAL_KNOWN, PRINCIPAL_UNKNOWN, PRINCIPAL_FAILED };

/* A client of the principal, of which tokens were withdrawn alone. */
struct barred_instance {
    char name[65];
    bool revoked;         /* whatever it shows */
    int64_t tokens_after; /* ms: tokens issued before are void for it */
};

struct known_principal {
    UT_hash_handle hh;
    TAILQ_ENTRY(known_principal) in_idle; /* while nobody holds it: the one that was dropped first is first */
    uint32_t holders, sessions;           /* sessions: how many of the holders are connected as this */
    uint32_t wills;                       /* how many of them are wills that wait */
    enum principal_load load, before;     /* before: what it was when the loading began */
    enum role role;
    int64_t loaded_at;       /* ms; 0: never */
    uint32_t number;         /* of a device in its household */
    uint32_t share;          /* bit n: motion kind n may be published, as long as `sharing` is NULL */
    struct sharing *sharing; /* of a device, when its household set what it shares; owned */
    uint64_t sharing_version;
    int64_t since, tokens_after;
    bool stale;       /* the store failed to say what is true now: it is asked again */
    bool must_sign;   /* an agency's document without a good signature is refused */
    bool no_approval; /* the operator waived its second officer */
    bool forgiving;   /* its CAP documents are read in the forgiving mode */
    bool drilled;     /* its test alert came back to it, or the operator waived that */
    char household[65];
    char *agency_name; /* owned; NULL for who has none: most are followers by the ten thousand */
    geo_cell place, former_place;
    int64_t verified;     /* ms: since when its household is known to be real; 0: it is not */
    int64_t banned_until; /* ms: it may post nothing until then; 0: it may */
    char *ban_reason;     /* owned; NULL: none */
    size_t instance_count;
    struct barred_instance *instances; /* owned; those of which not every token counts */
    /* Of an agency. What they point to lives until the principal is loaded anew: never kept over a wait. */
    const struct geo_shape *jurisdiction; /* polygons, of none nothing is inside; NULL: everywhere */
    const struct geo_prepared *jurisdiction_prepared;
    struct jurisdiction *jurisdiction_owned;
    char *certificate;               /* PEM, that its signed documents must verify with; owned; NULL: none */
    char *officers;                  /* who may act for it, with a space between; owned; NULL: nobody */
    char *devices;                   /* of a node: whom it speaks for; owned; NULL: nobody */
    struct publication_list waiting; /* publications in the step locate */
    struct ration ration;
    char name[];
};

/* A principal just loaded with a session, held. */
struct known_principal *principal_from_record(
    struct broker *broker, struct text name, const struct principal_record *record);
/* A principal by name, held; loaded when it is not known, or has been known for minutes. Wait while it is
 * LOADING; what waits in `waiting` is resumed, or fails with the store. */
struct known_principal *principal_hold(struct broker *broker, struct text name);
/* NULL, or why whoever comes as that client, by a token of that time (ms; 0: a certificate), may not speak.
 */
const char *principal_bars(const struct known_principal *principal, struct text client, int64_t issued_at);
/* Asks the store anew, also for what is known, so that the answer takes as long for all. */
void principal_ask_anew(struct broker *broker, struct known_principal *principal);
/* NULL is allowed. Those that nobody holds are kept for a while, within a bound. */
void principal_drop(struct broker *broker, struct known_principal *principal);
/* Whether who acts is on the agency's list; "" acts for none by name, and is no officer. */
bool officer_listed(struct text officers, const char *officer);
/* Whether a node may speak for the device of that id: `devices` has names with a comma between, of which each
 * may end in * and then means all that begin so. */
bool devices_hold(struct text devices, struct text id);
/* What the store tells. Connections of a revoked principal are closed. */
void principal_on_change(void *broker, struct text name);
/* Connections of the identity to this process. */
uint32_t principal_connections(const struct broker *broker, struct text name);
/* Where an event of that time lies: the registered place of then; 0: none. */
geo_cell principal_place(const struct known_principal *principal, int64_t at);
/* Asks anew for those that the store failed to tell. Once a second. */
void principals_tick(struct broker *broker);
/* What is told of changes may be lost with a connection: asks anew when nobody has for minutes. */
void principal_refresh(struct broker *broker, struct known_principal *principal, int64_t now);
/* The store was away, and may have told changes meanwhile: asks anew for all. */
void principals_doubt(struct broker *broker);
/* Forgets all that nobody holds. */
void principals_clear(struct broker *broker);

#endif
