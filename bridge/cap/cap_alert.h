/* A CAP document as our Alert, and an agency's alert as a CAP document.
 *
 * In: one document is one alert. Its main texts are those of the first `info` and of all others in the same
 * language; further languages go to `texts`. Its area is the union of all areas of all infos, however many
 * languages repeat them: cap_plan lists them, cap_area.h places them. What the Alert has no room for stays in
 * the document, whose bytes are kept and served as they came. */
#ifndef NEIGHBORS_BRIDGE_CAP_CAP_ALERT_H
#define NEIGHBORS_BRIDGE_CAP_CAP_ALERT_H

#include "bridge/cap/cap.h"
#include "bridge/store.h"
#include "proto/message.h"

/* A `geocode` of an area: its value may be one code, or several with blanks or commas between them. */
struct cap_named {
    struct text scheme, value; /* as written */
    size_t whole;              /* the value as one code: index into cap_plan.codes */
    size_t part_count;         /* its parts, when it has several and each may be a code; else 0 */
    const size_t *parts;       /* indices into cap_plan.codes */
};

/* An area as it is to be placed: drawn, or else named. */
struct cap_plan_area {
    size_t info, area;             /* where it stands first in the document, from 0 */
    const struct cap_area *source; /* its polygons and circles: these prevail when there are any */
    size_t named_count;            /* of one of which nothing is drawn; else 0 */
    const struct cap_named *named;
    size_t excluded_count; /* what EXCLUDE_POLYGON cuts out of the drawn polygons */
    const struct ring *excluded;
    const char *refused; /* an exclusion that cannot be read: the rule; else NULL */
};

/* What is to be done with a document beyond its Alert. */
struct cap_plan {
    bool answer; /* Ack or Error: recorded and never shown; the Alert holds id, references and status alone */
    bool withheld;     /* scope Restricted or Private: kept, in no channel */
    size_t area_count; /* distinct areas, in the order of the document; 0 for Cancel, Ack and Error */
    const struct cap_plan_area *areas;
    size_t code_count;                 /* to ask of store_geocodes, each once */
    const struct store_geocode *codes; /* SAME and FIPS6 as SAME, UGC as UGC, other schemes by their names */
};

/* Fills *out, all but its place, and *plan; both point into the message and the arena. False: *refusal says
 * why (R14: more references than an alert can have).
 * Id and references: cap_sender_alert_id. Severity: the worst of all infos of the first language, urgency and
 * certainty of the info that has it. effective: the earliest of all infos, or `sent`. expires: the latest
 * that is told, not before every info is over; 0 when none is. When it is not after `effective` (it occurs),
 * the alert came to be expired on arrival, and effective is put before it. Texts too long for an Alert are
 * cut at a character and end in "…". */
bool cap_to_alert(const struct cap_message *message, struct arena *arena, struct alert *out,
    struct cap_plan *plan, struct refusal *refusal) __attribute__((warn_unused_result));

/* How an Alert names a CAP message: "cap-" and 43 characters made from sender, identifier and the instant of
 * `sent`; `sent` may be written in any zone. */
struct text cap_sender_alert_id(
    struct text sender, struct text identifier, struct cap_time sent, struct arena *arena);

/* Our category of an info: told by our own event code, by a SAME event code, by words of the event, else by
 * the CAP categories (cap_category.c has the tables). */
uint8_t cap_alert_category(const struct cap_info *info);

/* What a document needs to be told that an Alert does not hold. */
struct cap_origin {
    struct text sender;    /* of CAP: no blank, comma, < or & */
    int64_t sent;          /* ms; of this revision */
    int64_t previous_sent; /* ms; of the revision before it, whose document this one updates; 0: not known */
};
/* An alert in force as a message that cap_write makes a strict CAP 1.2 document of: identifier
 * "<public id>.<revision>", an Update when the revision before is known. Holes are told as EXCLUDE_POLYGON.
 */
void cap_from_alert(
    const struct alert *alert, const struct cap_origin *origin, struct arena *arena, struct cap_message *out);

#endif
