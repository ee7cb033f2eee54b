/* Filters: for each, options (1 byte), subscription id (4), length (2), the filter. Cursors: for each, length
 * of the channel's name (1), the name, ms (8), seq (4), index (4), generation (4), what of that which is in
 * force there is still to be told (1). Of a session with wishes a 0 follows, when what waits comes (8),
 * whether everything that was shown is known (1: 1 it is not, 2 not of what stands behind the cursors), and
 * for each alert that was shown key (8), revision (4), expires (4; the highest bit: perhaps it was not).
 * Numbers little-endian, each blob behind a byte with the version of the form.
 */
#include "broker/session/saved.h"

#include "broker/session/hold.h"
#include "broker/session/reach.h"

enum { FILTER_FORM = 1, CURSOR_FORM = 2, SHOWN_FORM = 3, FILTER_HEAD = 7, CURSOR_TAIL = 21 };
enum { SHOWN_FORGOT = 1, SHOWN_DOUBTFUL = 2 };
enum { SHOWN_HEAD = 10, SHOWN_SIZE = 16, SHOWN_SAVED = 512, MINUTE_MS = 60000, DAY_MINUTES = 1440 };

static uint8_t *put(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint64_t get(const uint8_t *at, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

struct bytes saved_subscriptions(const struct session *session, struct arena *arena)
{
    size_t size = 1;
    uint8_t *data, *at;

    for (const struct subscription *s = session->subscriptions; s; s = s->next)
        size += FILTER_HEAD + s->filter_len;
    data = at = arena_alloc(arena, size);
    *at++ = FILTER_FORM;
    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        at = put(at, s->options, 1);
        at = put(at, s->id, 4);
        at = put(at, s->filter_len, 2);
        memcpy(at, s->filter, s->filter_len);
        at += s->filter_len;
    }
    return (struct bytes){data, size};
}

/* True when the session has not looked at all that was there when it came. */
static bool is_behind(const struct session *session)
{
    for (const struct link *link = session->links; link; link = link->next) {
        if (!link->settled || link->in_force_due || position_order(link->sent, link->channel->head) < 0)
            return true;
    }
    return session->initial != NULL;
}

/* What was shown and is not over yet: what the client has not acknowledged is known, and told again. */
static uint8_t *put_shown(const struct session *session, uint8_t *at)
{
    int64_t now = broker_now(session->broker) / MINUTE_MS;
    struct shown_alert shown;
    size_t next = 0, count = 0;
    bool forgot = session->shown.forgot;
    uint8_t *head = at;

    at += SHOWN_HEAD;
    while (shown_next(&session->shown, &next, &shown)) {
        bool open = inflight_has_alert(&session->inflight, shown.key);
        if (!open && (shown.ended || (int64_t)shown.expires + DAY_MINUTES < now))
            continue;
        if (count++ == SHOWN_SAVED) {
            forgot = true;
            break;
        }
        at = put(at, shown.key, 8);
        at = put(at, open ? 0 : shown.revision, 4);
        at = put(at, shown.expires | (uint32_t)shown.doubt << 31, 4);
    }
    head = put(head, 0, 1);
    head = put(head, (uint64_t)session->holding->release_at, 8);
    put(head, (forgot ? SHOWN_FORGOT : 0) | (session->doubtful && is_behind(session) ? SHOWN_DOUBTFUL : 0),
        1);
    return at;
}

struct bytes saved_cursors(const struct session *session, struct arena *arena)
{
    size_t size = 1 + (session->holding ? SHOWN_HEAD + SHOWN_SAVED * SHOWN_SIZE : 0);
    uint8_t *data, *at;

    for (const struct link *link = session->links; link; link = link->next)
        size += 1 + strlen(link->channel->name) + CURSOR_TAIL;
    data = at = arena_alloc(arena, size);
    *at++ = session->holding ? SHOWN_FORM : CURSOR_FORM;
    for (const struct link *link = session->links; link; link = link->next) {
        size_t len = strlen(link->channel->name);
        struct position_in_channel position = session_acknowledged(session, link);
        if (link->fresh)
            continue;
        at = put(at, len, 1);
        memcpy(at, link->channel->name, len);
        at = put(at + len, position.ms, 8);
        at = put(at, position.seq, 4);
        at = put(at, position.index, 4);
        at = put(at, link->generation, 4);
        at = put(at, session_in_force_due(session, link), 1);
    }
    if (session->holding)
        at = put_shown(session, at);
    return (struct bytes){data, (size_t)(at - data)};
}

static void restore_filter(struct session *session, struct text filter, uint8_t options, uint32_t id)
{
    struct follow_filter parsed;
    struct refusal refusal;
    struct subscription *subscription;
    bool created;

    if (!topic_parse_filter(filter, session->broker->options.leaf_precision, &parsed, &refusal) ||
        reach_of(session->broker, session->principal, &parsed, &refusal) == REACH_REFUSED ||
        session_subscribe(session, filter, &parsed, options, id, &subscription, &created) >= 0x80) {
        session->broker->counters.filters_lost++;
        log_line(LOG_LEVEL_WARNING, "filter_lost", "session=%s", session->name);
    }
}

static void restore_cursor(struct session *session, struct text channel, const uint8_t *tail)
{
    for (struct link *link = session->links; link; link = link->next) {
        if (!text_equal(text_of(link->channel->name), channel))
            continue;
        link->sent = (struct position_in_channel){
            get(tail, 8), (uint32_t)get(tail + 8, 4), (uint32_t)get(tail + 12, 4)};
        link->generation = (uint32_t)get(tail + 16, 4);
        link->in_force_due = (enum in_force_due)tail[20];
        link->fresh = false;
        return;
    }
}

static void restore_filters(struct session *session, struct bytes saved)
{
    const uint8_t *at = saved.data + 1, *end = saved.data + saved.len;

    while (end - at >= FILTER_HEAD) {
        size_t len = (size_t)get(at + 5, 2);
        if ((size_t)(end - at) < FILTER_HEAD + len)
            break;
        restore_filter(
            session, (struct text){(const char *)at + FILTER_HEAD, len}, at[0], (uint32_t)get(at + 1, 4));
        at += FILTER_HEAD + len;
    }
}

static void restore_shown(struct session *session, const uint8_t *at, const uint8_t *end)
{
    if (!session->holding || end - at < SHOWN_HEAD)
        return;
    session->holding->release_at = (int64_t)get(at + 1, 8);
    session->shown.forgot = at[9] & SHOWN_FORGOT;
    session->doubtful = session->doubtful || (at[9] & SHOWN_DOUBTFUL);
    for (at += SHOWN_HEAD; end - at >= SHOWN_SIZE; at += SHOWN_SIZE) {
        uint32_t expires = (uint32_t)get(at + 12, 4);
        shown_learn(&session->shown, (struct shown_alert){.key = get(at, 8),
                                         .revision = (uint32_t)get(at + 8, 4),
                                         .expires = expires & 0x3fffffff,
                                         .doubt = expires >> 31});
    }
}

static void restore_cursors(struct session *session, struct bytes saved)
{
    const uint8_t *at = saved.data + 1, *end = saved.data + saved.len;

    while (end - at >= 1 + CURSOR_TAIL && at[0] && (size_t)(end - at) >= 1 + (size_t)at[0] + CURSOR_TAIL) {
        restore_cursor(session, (struct text){(const char *)at + 1, at[0]}, at + 1 + at[0]);
        at += 1 + at[0] + CURSOR_TAIL;
    }
    if (saved.data[0] == SHOWN_FORM)
        restore_shown(session, at, end);
}

void saved_restore(struct session *session, struct bytes subscriptions, struct bytes cursors)
{
    if (subscriptions.len && subscriptions.data[0] == FILTER_FORM)
        restore_filters(session, subscriptions);
    if (cursors.len && (cursors.data[0] == CURSOR_FORM || cursors.data[0] == SHOWN_FORM))
        restore_cursors(session, cursors);
}
