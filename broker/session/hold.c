/* Decisions of the wishes where something is delivered, and the moment when what waited goes out. */
#include "broker/session/hold.h"

#include "broker/session/deliver.h"
#include "broker/session/initial.h"
#include "proto/codec.h"

enum { MINUTE_MS = 60 * 1000, MONTH_MINUTES = 30 * 24 * 60 };

/* ---- what waits ---- */

/* Clocks may be changed before a quiet ends: each quarter of an hour it is looked at anew. */
static int64_t release_time(struct wishes *wishes, int64_t now)
{
    int64_t until = wishes_until(wishes, now), look = now + 15 * MINUTE_MS;

    return wishes_quiet(wishes, now) && look < until ? look : until;
}

static void wait_from(struct session *session, int64_t now)
{
    if (!session->holding->release_at)
        session->holding->release_at = release_time(session->holding->wishes, now);
    session->unsaved = true;
}

/* Whoever had the session before, and died with it or lost it, may have shown what is not remembered: only
 * what stands behind the stored cursor, or was in force and due. */
static bool is_doubtful(const struct session *session, const struct hold_alert *what)
{
    if (session->shown.forgot)
        return true;
    return session->doubtful && (what->initial ? what->initial->kind <= INITIAL_RESUMED
                                               : position_order(what->position, what->link->missed) <= 0);
}

static enum wish decide(struct session *session, const struct hold_alert *what)
{
    const struct alert *alert = &what->alert->alert;
    const struct link_held *held = what->link->held;
    int64_t now = broker_now(session->broker);

    /* What of these waited was told from what is in force. */
    if (!what->initial && held && position_order(what->position, held->released) <= 0)
        return WISH_NEVER;
    enum wish wish = wishes_alert(session->holding->wishes, now, alert->category, alert->severity, false);
    if (wish != WISH_LATER)
        return wish;
    if (what->initial && what->initial->kind == INITIAL_RELEASED)
        return WISH_NOW;
    what->link->alerts_wait = true;
    wait_from(session, now);
    return WISH_LATER;
}

bool hold_alert(struct session *session, const struct hold_alert *what)
{
    if (!session->holding)
        return false;
    uint64_t key = shown_key(what->follow, what->alert->key.public_id);
    const struct shown_alert *shown = shown_find(&session->shown, key);
    if (shown && !shown->doubt)
        return false;
    bool doubt = shown || is_doubtful(session, what);
    uint32_t revision = what->alert->key.revision;
    if (what->ended && !doubt) /* and it was never shown */
        (void)shown_tell(&session->holding->over,
            (struct shown_alert){.key = key, .revision = revision, .ended = 1}, false);
    if (what->ended)
        return !doubt;
    const struct shown_alert *over = shown_find(&session->holding->over, key);
    if (over && over->revision > revision)
        return true;
    if (decide(session, what) == WISH_NOW)
        return false;
    if (doubt)
        shown_learn(&session->shown,
            (struct shown_alert){
                .key = key, .expires = (uint32_t)(what->alert->alert.expires / MINUTE_MS), .doubt = 1});
    return true;
}

/* Keeps the link's cursor before what waits here. */
static void wait_at(
    struct session *session, struct link *link, struct position_in_channel before, int64_t now)
{
    if (!link->held)
        link->held = must_calloc(sizeof *link->held);
    link->held->waits = true;
    link->held->before = before;
    wait_from(session, now);
}

bool hold_inbox(struct session *session, struct link *link, struct position_in_channel position,
    struct position_in_channel before, bool is_request)
{
    if (!is_request)
        return link->held && position_order(position, link->held->passed) <= 0;
    if (!session->holding)
        return false;
    if (link->held && link->held->waits) /* in order: behind what waits */
        return true;
    if (link->held && position_order(position, link->held->released) <= 0)
        return false;
    int64_t now = broker_now(session->broker);
    if (!wishes_quiet(session->holding->wishes, now))
        return false;
    wait_at(session, link, before, now);
    return true;
}

bool hold_activity(struct session *session, struct link *link, struct position_in_channel position,
    struct position_in_channel before)
{
    if (!session->holding)
        return false;
    if (link->held && link->held->waits) /* in order: behind what waits */
        return true;
    if (link->held && position_order(position, link->held->released) <= 0)
        return false;
    int64_t now = broker_now(session->broker);
    if (wishes_activity(session->holding->wishes, now) == WISH_NOW)
        return false;
    wait_at(session, link, before, now);
    return true;
}

size_t hold_text(const struct session *session, const struct alert *alert)
{
    return session->holding ? wishes_text(session->holding->wishes, alert) : 0;
}

struct position_in_channel hold_cursor(const struct link *link, struct position_in_channel sent)
{
    if (link->held && link->held->waits && position_order(link->held->before, sent) < 0)
        return link->held->before;
    return sent;
}

static void stop_waiting(struct link *link)
{
    link->held->waits = false;
    if (position_order(link->held->passed, link->sent) < 0)
        link->held->passed = link->sent;
}

void hold_take_back(struct link *link)
{
    if (!link->held || !link->held->waits)
        return;
    stop_waiting(link);
    link_move(link, link->held->before);
}

/* ---- what goes out ---- */

/* True when every channel says what is in force now. */
static bool channels_know(const struct session *session)
{
    for (const struct link *link = session->links; link; link = link->next) {
        if (!link->settled || link->channel->asking)
            return false;
    }
    return !session->held;
}

static void release(struct session *session)
{
    session->holding->release_at = 0;
    session->unsaved = true;
    for (struct link *link = session->links; link; link = link->next) {
        if (link->alerts_wait)
            initial_queue_channel(session, link, INITIAL_RELEASED);
        link->alerts_wait = false;
        if (!link->held || !link->held->waits)
            continue;
        link->held->released = link->channel->head;
        stop_waiting(link);
        deliver_go_back(session, link, link->held->before);
    }
    deliver_wake(session);
}

void hold_tick(struct session *session, int64_t now)
{
    struct holding *holding = session->holding;

    if (!holding || !holding->release_at || now < holding->release_at || !channels_know(session))
        return;
    if (wishes_quiet(holding->wishes, now))
        holding->release_at = release_time(holding->wishes, now);
    else
        release(session);
}

/* ---- wishes ---- */

static bool is_behind(const struct session *session)
{
    for (const struct link *link = session->links; link; link = link->next) {
        if (!link->settled || position_order(link->sent, link->channel->head) < 0)
            return true;
    }
    return false;
}

/* Before it wished for anything it was shown all: what is in force is known, but for what is still to be
 * sent.
 */
static void learn_in_force(struct session *session)
{
    uint32_t expires = (uint32_t)(broker_now(session->broker) / MINUTE_MS) + MONTH_MINUTES;

    for (const struct follow *follow = session->follows; follow; follow = follow->next) {
        for (const struct link *link = session->links; link; link = link->next) {
            for (size_t i = 0; deliver_serves(follow, link->channel) && i < link->channel->notice_count;
                 i++) {
                const struct alert_notice *notice = &link->channel->notices[i];
                if (!initial_is_queued(session, follow, notice))
                    shown_learn(
                        &session->shown, (struct shown_alert){.key = shown_key(follow, notice->public_id),
                                             .expires = expires});
            }
        }
    }
    session->shown.forgot = session->shown.forgot || is_behind(session);
}

static void judge_anew(struct session *session)
{
    for (struct link *link = session->links; link; link = link->next) {
        link->alerts_wait = false;
        if (!link->settled) {
            if (link->in_force_due == DUE_NOTHING)
                link->in_force_due = DUE_UNSHOWN;
            continue;
        }
        initial_queue_channel(session, link, INITIAL_ANEW);
        if (link->held && link->held->waits) {
            stop_waiting(link);
            deliver_go_back(session, link, link->held->before);
        }
    }
}

void hold_wish(struct session *session, const struct settings_message *settings)
{
    struct wishes *wishes = wishes_new(settings, session->broker->options.zone_clock);
    struct holding *holding = session->holding;

    if (!holding && !wishes)
        return;
    if (!holding) {
        learn_in_force(session);
        holding = session->holding = must_calloc(sizeof *holding);
    } else {
        judge_anew(session);
    }
    wishes_free(holding->wishes);
    holding->wishes = wishes;
    holding->release_at = 0;
    if (!wishes)
        hold_free(session);
    session->unsaved = true;
    deliver_wake(session);
}

struct bytes hold_encode(const struct settings_message *settings, struct arena *arena)
{
    struct settings_message kept = *settings;

    kept.retention_days = 0;
    kept.has_footage = kept.has_sharing = false;
    return codec_encode_settings_message(ENCODING_PROTOBUF, &kept, arena);
}

void hold_restore(struct session *session, struct bytes stored)
{
    struct settings_message settings;
    struct refusal refusal;
    struct arena arena;

    if (!stored.len)
        return;
    arena_init(&arena, NULL, 0);
    struct wishes *wishes = NULL;
    if (codec_decode_settings_message(ENCODING_PROTOBUF, stored, &arena, &settings, &refusal))
        wishes = wishes_new(&settings, session->broker->options.zone_clock);
    else
        log_line(LOG_LEVEL_ERROR, "wishes_unreadable", "session=%s field=%s rule=\"%s\"", session->name,
            refusal.field, refusal.rule);
    arena_free(&arena);
    if (!wishes)
        return;
    session->holding = must_calloc(sizeof *session->holding);
    session->holding->wishes = wishes;
    session->shown.forgot = true; /* until the cursors bring what was shown */
}

void hold_free(struct session *session)
{
    if (!session->holding)
        return;
    wishes_free(session->holding->wishes);
    shown_free(&session->holding->over);
    free(session->holding);
    session->holding = NULL;
}
