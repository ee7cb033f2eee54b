/* Who is enrolled. Part of bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_PRINCIPAL_H
#define NEIGHBORS_BRIDGE_STORE_PRINCIPAL_H

#include "bridge/store_basics.h"

/* What is known of somebody enrolled. Text lives until the completion returns. */
struct principal_record {
    enum store_status status; /* OK, NOT_FOUND, REVOKED */
    struct text household;    /* device, edge, user: "" when none */
    struct text name;         /* an agency's public name */
    uint32_t number;          /* of a device within its household */
    char place[13];           /* leaf cell of a fixed device or a household; "" : none */
    char former_place[13];    /* before `since` */
    int64_t since;            /* ms: events at or after it are at `place` */
    uint32_t share;           /* bit n: motion kind n may be published, as long as has_sharing is false */
    bool has_sharing;         /* of a device: its household set what it shares: */
    struct bytes sharing;     /* its rules for this device (household_sharing_read in store_household.h) */
    struct text sharing_zone; /* of the hours in them */
    uint64_t sharing_version; /* of what the household shares */
    int64_t tokens_after;     /* ms: tokens issued before are void */
    int64_t verified;         /* ms: since when its household is known to be real; 0: it is not */
    int64_t banned_until;     /* ms: it may post nothing until then; 0: it may */
    struct text ban_reason;
    struct bytes jurisdiction; /* of an agency: neighbors.v1.MultiPolygon; len 0: everywhere */
    struct bytes certificate; /* of an agency: PEM, that its signed documents must verify with; len 0: none */
    bool must_sign;           /* of an agency: a document without a good signature is refused */
    bool no_approval;         /* of an agency: the operator waived the second officer */
    bool forgiving;           /* of an agency: its CAP documents are read in the forgiving mode */
    size_t instance_count;    /* its clients of which not every token counts */
    const struct store_instance {
        struct text name;     /* the client id */
        bool revoked;         /* it may not come at all */
        int64_t tokens_after; /* ms: tokens issued before are void for it */
    } * instances;
    bool drilled;         /* of an agency: its test alert came back to it, or the operator waived that */
    struct text officers; /* of an agency: who may act for it, with a space between */
    struct text devices;  /* of a node: whom it speaks for (bridge/registry.h) */
};
typedef void store_principal_done(void *arg, const struct principal_record *record);

/* Looks up who "<role>/<id>" is. */
void store_principal(struct store *store, struct text name, store_principal_done *done, void *arg);

#endif
