/* A resident's report on its way, between bridge/store_report.c (it looks around) and bridge/store_join.c (it
 * becomes a part of another's alert, or stands alone) only. */
#ifndef NEIGHBORS_BRIDGE_STORE_REPORT_H
#define NEIGHBORS_BRIDGE_STORE_REPORT_H

#include "bridge/store_inside.h"

enum { CANDIDATES = 4 };

/* An alert that the report may be a part of. */
struct candidate {
    char lead[PUBLIC_ID + 1];
    uint8_t tag;
    int64_t order; /* Redis' time when it was put where others look */
};

struct report_call {
    struct report_call *next; /* of those that wait */
    store_alert_done *done;
    void *arg;
    struct command message;
    uint8_t sender_tag, category;
    char id[PUBLIC_ID + 1];
    char regions[STORE_REGIONS][13];
    size_t region_count, near_count, looks_left;
    char own[2 * STORE_TOKEN + 1];
    char (*near)[2 * STORE_TOKEN + 1];
    int64_t now, window_ms, cell_window_ms;
    uint32_t cell_limit;
    size_t candidate_count, at;                  /* at: the one that is tried */
    struct candidate candidates[2 * CANDIDATES]; /* of each time that it looked around */
    struct candidate self;
    char former[PUBLIC_ID + 1]; /* that it could not be a part of; "" */
    unsigned ticks;
    bool listed, looked_again; /* listed: others find it */
    enum store_status failed;
};

/* Answers it and frees it. */
void report_finish(struct report_call *report, const struct store_alert_result *result);
void report_fail(struct report_call *report, enum store_status status);
/* "FCALL function 1 <key of that alert>" with so many arguments before the message. */
void report_begin(
    struct command *command, const char *function, uint8_t tag, const char *id, size_t arguments);
void report_put_message(struct command *command, const struct report_call *report);
void report_near_key(char out[KEY], const struct report_call *report, size_t region);
/* Those who see each other at the same time agree on who comes first. */
bool candidate_is_before(const struct candidate *a, const struct candidate *b);
/* Who is there now and was not tried, behind the candidates that were; then report_try_candidate. Once. */
void report_look_again(struct store *store, struct report_call *report);
/* Makes it a part of report->candidates[report->at], or of one behind that, or stores it alone. */
void report_try_candidate(struct store *store, struct report_call *report);
/* Another process does the same report's work, or did: what it intends, as the reply says, comes first. */
void report_take_intent(struct store *store, struct report_call *report, const redisReply *reply);

#endif
