/* What there is of an agency's own, for its desk (scripts/desk.lua). Part of bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_DESK_H
#define NEIGHBORS_BRIDGE_STORE_DESK_H

#include "bridge/store.h"

struct store_desk_alert {
    struct text public_id, officer;
    bool waiting; /* for a second officer, as that revision */
    uint32_t revision;
    int64_t at;        /* ms */
    struct bytes body; /* codec_decode_published_alert */
};
struct store_desk_request {
    struct bytes body; /* codec_decode_footage_request */
    struct text officer;
    int64_t at, until; /* ms */
};
struct store_desk {
    enum store_status status; /* OK, FAILED, GONE */
    struct text next;         /* where the next part begins; len 0: this was the last */
    size_t alert_count, request_count, closed_count, programme_count; /* all but alerts on the first part */
    const struct store_desk_alert *alerts;
    const struct store_desk_request *requests;
    struct desk_case *closed;
    struct desk_programme *programmes;
};
typedef void store_desk_done(void *arg, const struct store_desk *part);

/* agency: "agency/<id>", of that tag; page: `next` of the part before, or empty for the first. What it points
 * to lives until the completion returns. What changes meanwhile may be missing or come twice. */
void store_desk(struct store *store, uint8_t agency_tag, struct text agency, struct text page, int64_t now,
    store_desk_done *done, void *arg);

#endif
