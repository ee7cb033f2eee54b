/* Inside the scripted store, for the files stage_store*.c: what it keeps, and how its calls wait and are
 * answered. Each file has the calls of one noun of bridge/store.h, their answers, and what a story puts
 * there. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_STORE_INSIDE_H
#define NEIGHBORS_TESTS_STORIES_STAGE_STORE_INSIDE_H

#include <stdlib.h>
#include <sys/queue.h>

#include "bridge/store_cells.h"
#include "bridge/store_desk.h"
#include "bridge/store_export.h"
#include "bridge/store_footage.h"
#include "bridge/store_household.h"
#include "bridge/store_push.h"
#include "bridge/store_tip.h"
#include "bridge/store_verification.h"
#include "tests/stories/stage.h"
#include "tests/stories/stage_alerts.h"

enum { MOST = 64, ENTRIES = 2048, NOTICES = 32 };

/* A call that was not answered yet: by which function it is, and what it said, as its kind needs. */
struct call {
    TAILQ_ENTRY(call) in_waiting;
    enum call_kind kind;
    union {
        store_motion_done *motion;
        store_alert_done *alert;
        store_record_done *record;
        store_principal_done *principal;
        store_session_done *session;
        store_status_done *status;
        store_channel_done *channel;
        store_page_done *page;
        store_flag_done *flag;
        store_verdict_done *verdict;
        store_geocodes_done *geocodes;
        store_followers_done *followers;
        store_footage_done *footage;
        store_tip_done *tip;
        store_reward_done *reward;
        store_push_count_done *push_count;
        store_push_work_done *push_work;
        store_push_near_done *push_near;
        store_household_done *household;
        store_export_done *export;
        store_desk_done *desk;
        store_cells_done *cells;
        store_code_done *code;
    };
    struct store_alert_result alert_result;
    struct store_flag_result flag_result;
    struct store_verdict_result verdict_result;
    struct store_footage_result footage_result;
    enum store_status resolve_status;
    char codes[16][32];  /* of geocodes: "SAME 006037" */
    uint32_t counts[64]; /* of cells */
    bool together;
    void *arg;
    char name[256]; /* session, principal, channel */
    char public_id[PUBLIC_ID + 1];
    uint32_t revision, expiry_s;
    int64_t token_issued;
    bool clean;
    uint64_t generation;
    uint16_t packet_id;
    size_t count, most;
    struct position_in_channel after;
    struct bytes subscriptions, cursors, data; /* owned */
    char suffix[64];
};
TAILQ_HEAD(call_list, call);

struct kept_session {
    char name[256];
    bool present, closed;
    uint64_t generation;
    struct bytes subscriptions, cursors, wishes;
    uint16_t qos2[256];
    size_t qos2_count;
};

struct kept_principal {
    char name[128], household[65], place[13];
    int64_t tokens_after;
    bool revoked, undrilled;
    const char *officers;          /* NULL: lee, kim, max */
    struct principal_record trust; /* as the story told it */
};

struct kept_geocode {
    char code[32];
    struct bytes area;
};

struct kept_channel {
    char name[256];
    bool followed;
    uint32_t generation;
    struct position_in_channel head, low;
    size_t count;
    struct channel_entry entries[ENTRIES];
    size_t notice_count;
    struct alert_notice notices[NOTICES];
    struct channel_state taken; /* an answer that is on its way */
    struct alert_notice taken_notices[NOTICES];
};

struct kept_alert {
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
    bool in_force;
    struct beside beside;
    struct bytes body, area;
};

struct kept_household {
    char name[65], zone[LIMIT_ZONE + 1];
    uint64_t version;
    bool has_sharing, has_footage;
    uint32_t retention_days;
    struct arena arena; /* of what follows */
    struct bytes sharing, footage;
};

struct store {
    struct store_events events;
    struct kept_household households[8];
    size_t household_count;
    struct call_list waiting;
    bool held[CALL_KINDS];
    size_t calls[CALL_KINDS];
    char last[CALL_KINDS][512];
    enum store_status next_status[CALL_KINDS];
    struct kept_session sessions[MOST];
    struct store_code code; /* what the next that is looked at is */
    struct kept_principal principals[MOST];
    struct kept_channel *channels[MOST];
    struct kept_alert alerts[1024];
    size_t session_count, principal_count, channel_count, alert_count;
    struct stage_alerts *published;
    struct kept_geocode geocodes[8];
    size_t geocode_count;
    uint64_t followers, cells_left;
    struct stage_push *push;       /* NULL: nothing yet */
    struct stage_footage *footage; /* NULL: nothing yet */
    struct store_motion_result verdict;
    struct store_counters counters;
    uint64_t generation;
    int64_t as_of;
    bool away;
};

/* The store of the stage. */
struct store *the_store(void);

/* Bytes of one's own; lets go of them. */
struct bytes stage_copy(struct bytes from);
void stage_drop(struct bytes *bytes);

/* ---- stage_store.c ---- */
/* A call, put into words and waiting; the caller fills in the rest. */
struct call *stage_called(enum call_kind kind, void *arg, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What asks for no answer. */
void stage_note(enum call_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- stage_store_sessions.c ---- */
/* By "<role>/<id>/<client>"; made when there is none. */
struct kept_session *stage_session(const char *name);
void stage_answer_open(struct call *call, enum store_status status);
void stage_answer_status(struct call *call, enum store_status status);
void stage_sessions_free(struct store *store);

/* ---- stage_store_principals.c ---- */
/* The principal as a session's opening and store_principal tell it. */
struct principal_record stage_principal_record(struct text name, enum store_status status);
/* Whether a token of that time opens a session of the client. */
enum store_status stage_instance_status(
    const struct principal_record *record, const char *client, int64_t token_issued);
void stage_answer_code(struct call *call, enum store_status status);
void stage_answer_principal(struct call *call, enum store_status status);
void stage_principals_free(struct store *store);

/* ---- stage_store_household.c ---- */
void stage_answer_household(struct call *call, enum store_status status);
void stage_answer_export(struct call *call, enum store_status status);
void stage_answer_desk(struct call *call, enum store_status status);
/* What the household shares, as a device's record tells it. */
void stage_household_shares(const char *household, struct text device, struct principal_record *record);
void stage_households_free(struct store *store);

/* ---- stage_store_places.c ---- */
/* The box around a cell, as polygons are kept; the caller's. */
struct bytes stage_box(const char *cell_name);
void stage_answer_geocodes(struct call *call, enum store_status status);
void stage_answer_followers(struct call *call, enum store_status status);
void stage_answer_cells(struct call *call, enum store_status status);
void stage_geocodes_free(struct store *store);

/* ---- stage_store_alerts.c ---- */
/* The public id that a story calls by one character. */
void stage_public_id(char id, char out[PUBLIC_ID + 1]);
void stage_answer_alert(struct call *call, enum store_status status);
void stage_answer_flag(struct call *call, enum store_status status);
void stage_answer_verdict(struct call *call, enum store_status status);
void stage_answer_tip(struct call *call, enum store_status status);
void stage_answer_reward(struct call *call, enum store_status status);
void stage_answer_load(struct call *call, enum store_status status);
void stage_bodies_free(struct store *store);

/* ---- stage_store_footage.c ---- */
void stage_answer_footage(struct call *call, enum store_status status);
void stage_answer_resolve(struct call *call, enum store_status status);
/* Asks owners, and gives out what is due; true when it did something. */
bool stage_footage_turn(void);
void stage_footage_free(struct store *store);

/* ---- stage_store_push.c ---- */
void stage_answer_push_count(struct call *call, enum store_status status);
void stage_answer_push_put(struct call *call, enum store_status status);
void stage_answer_push_remove(struct call *call, enum store_status status);
void stage_answer_push_take(struct call *call, enum store_status status);
void stage_answer_push_near(struct call *call, enum store_status status);
void stage_push_free(struct store *store);

/* ---- stage_store_channels.c ---- */
void stage_answer_channel(struct call *call, enum store_status status);
void stage_answer_page(struct call *call, enum store_status status);
void stage_channels_free(struct store *store);

#endif
