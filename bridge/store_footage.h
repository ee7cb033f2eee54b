/* Footage requests in the store: who is asked, what they share, what the agency gets of it. What the broker's
 * core asks for (broker/kind/footage_*.c, resolve.c); the rules of a single request are the core's, what is
 * counted over several, and everything that needs to know who was asked, is decided here and leaves here only
 * as the messages below. No counter, no log line, no answer and no timing tells how many were asked, who was
 * silent and who declined: to the store a decline is an answer without clips. */
#ifndef NEIGHBORS_BRIDGE_STORE_FOOTAGE_H
#define NEIGHBORS_BRIDGE_STORE_FOOTAGE_H

#include "bridge/store.h"

/* Cells of precision 7 in one request: half a square mile has fewer anywhere below 80 degrees. */
enum { STORE_FOOTAGE_CELLS = 512 };

/* A request whose own rules were checked. */
struct store_footage_request {
    uint8_t agency_tag;      /* of the agency: sender tag of the request's public id */
    char id[PUBLIC_ID + 1];  /* request id: public form of the agency's own name for it */
    uint8_t digest[16];      /* of the bytes that were sent: tells a repeat from a conflict */
    struct text agency;      /* "agency/<id>" */
    struct text agency_name; /* in public, for the record */
    struct text client;      /* its instance */
    struct text officer;
    struct text case_number;
    uint8_t incident;  /* enum incident_type */
    struct text words; /* what is sought: for the public record */
    /* neighbors.v1.FootageRequest in protobuf, with all that the broker sets but `devices`: an owner gets
     * these bytes and behind them one field `devices` (14) for each of the household's that may have seen it.
     */
    struct bytes body;
    size_t cell_count;
    const char (*cells)[13]; /* geohashes, precision 7 */
    int64_t now, from, to, open_until;
    uint32_t per_case;  /* requests that a case may have, ended ones too */
    uint32_t most_open; /* requests of one agency open at the same time */
};
enum store_footage_limit { STORE_FOOTAGE_PER_CASE = 1, STORE_FOOTAGE_MOST_OPEN };
struct store_footage_result {
    enum store_status status;       /* OK, REPEAT, CONFLICT, LIMITED, FAILED, GONE */
    enum store_footage_limit limit; /* LIMITED: which */
    int64_t retry_after_ms;         /* STORE_FOOTAGE_MOST_OPEN: when the first one ends */
};
typedef void store_footage_done(void *arg, const struct store_footage_result *result);

/* Stores the request and its act for the public record, counting both limits, in one atomic step. Whom it
 * concerns is found later, by upkeep: households that opted in for this agency and incident type, with
 * devices in the cells that stored motion in the time asked for; each session of their users then has the
 * request on its inbox, topic suffix "footage-request". The answer does not wait for that. */
void store_footage_request(
    struct store *store, const struct store_footage_request *request, store_footage_done *done, void *arg);

struct store_footage_clip {
    char id[PUBLIC_ID + 1]; /* the clip's name for the agency: the same for the same household, request and
                               owner's name, and otherwise alike with nothing */
    bool withdraw;          /* forget its bytes; the agency is told with the next batch when it had it */
    struct bytes sealed;    /* not with withdraw; the same clip again takes the former one's place until it
                               was given out, and is not taken afterwards */
    int64_t delete_by;      /* ms; the bytes are forgotten then at the latest */
};
/* An answer of a household, of whatever clips it shares or withdraws; none when it declines everything or
 * says nothing. OK, FAILED or GONE: done is told the same whether the household was asked, the request has
 * ended, or there is no such request; nothing is stored then. SHARE is taken until the first batch after
 * open_until; a withdrawal as long as anything of the clip is kept. */
struct store_footage_answer {
    uint8_t agency_tag;     /* of the request id */
    const char *request_id; /* PUBLIC_ID characters */
    struct text household;
    size_t clip_count;
    const struct store_footage_clip *clips;
    int64_t now;
};
void store_footage_answer(
    struct store *store, const struct store_footage_answer *answer, store_status_done *done, void *arg);

/* Upkeep gives out answers in batches, at whole multiples of the batch interval (store_redis_options), from
 * requests of which at least k households were asked: each clip and each withdrawal as one
 * neighbors.v1.Footage on the inbox of every session of the agency, topic suffix "footage", in the order of
 * the clips' names, which tells nothing. */

/* Closes a case of the agency: the named requests end (all of the case without names), owners who were asked
 * get FootageRequest with request_id and `ended` on their inboxes, and the act goes to the public record.
 * What was shared and not yet given out still comes with the next batch. Repeats are harmless: OK, REPEAT
 * (closed already, with the same outcome), NOT_FOUND (one of the ids is no request of this case), FAILED,
 * GONE. A case without requests may be closed. */
struct store_resolve {
    uint8_t agency_tag;
    struct text agency, agency_name, officer;
    struct text case_number;
    uint8_t outcome; /* enum case_outcome */
    struct text remark;
    size_t request_count;
    const char (*request_ids)[PUBLIC_ID + 1];
    int64_t now;
};
void store_resolve(
    struct store *store, const struct store_resolve *resolve, store_status_done *done, void *arg);

#endif
