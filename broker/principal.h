/* Who is enrolled, as far as this process needs to know now: the principals of its connections, and the
 * devices that its edges speak for. Dropped when the store says that they changed. */
#ifndef NEIGHBORS_BROKER_PRINCIPAL_H
#define NEIGHBORS_BROKER_PRINCIPAL_H

#include <uthash.h>

#include "broker/core.h"

enum principal_load { PRINCIPAL_LOADING, PRINCIPAL_KNOWN, PRINCIPAL_UNKNOWN };

struct known_principal {
    UT_hash_handle hh;
    uint32_t holders;
    enum principal_load load; /* UNKNOWN: not enrolled, or revoked */
    enum role role;
    int64_t loaded_at, used_at;
    uint32_t number; /* of a device in its household */
    uint32_t share;  /* bit n: motion kind n may be published */
    int64_t since, tokens_after;
    char household[65], agency_name[129];
    geo_cell place, former_place;
    struct publication_list waiting; /* publications in the step locate */
    char name[];
};

/* A principal just loaded with a session, held. */
struct known_principal *principal_from_record(
    struct broker *broker, struct text name, const struct principal_record *record);
/* A principal by name, held; loaded when it is not known. Wait while it is LOADING. */
struct known_principal *principal_hold(struct broker *broker, struct text name);
/* NULL is allowed. Those that nobody holds are kept for a while, within a bound. */
void principal_drop(struct broker *broker, struct known_principal *principal);
/* What the store tells. Connections of a revoked principal are closed. */
void principal_on_change(void *broker, struct text name);
/* Where an event of that time lies: the registered place of then; 0: none. */
geo_cell principal_place(const struct known_principal *principal, int64_t at);
/* Forgets all that nobody holds. */
void principals_clear(struct broker *broker);

#endif
