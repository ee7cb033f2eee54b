/* From the spool to the broker (sender.h). */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/spool/sender.h"
#include "proto/codec.h"

static const char topic[] = "nb/v1/motion";
enum {
    FIRST_PAUSE_MS = 1000, /* when the broker has no room and does not say for how long */
    LONGEST_PAUSE_MS = 60 * 1000,
    MOST_LINES = 20, /* about refused events in the log, a minute */
    MINUTE_MS = 60 * 1000,
};

/* What the broker says of one event. */
struct refusal_line {
    uint64_t seq;
    unsigned reason;
    const char *text; /* `<field>: <rule>` */
    int length;
};

static bool is_refused(unsigned reason)
{
    return reason >= 0x80;
}

/* Refusals that time may cure. */
static bool is_passing(unsigned reason)
{
    return reason == REASON_QUOTA_EXCEEDED || reason == REASON_SERVER_BUSY ||
           reason == REASON_SERVER_UNAVAILABLE;
}

/* ---- sending ------------------------------------------------------------------------------------------- */

static void publish(struct sender *sender, uint64_t session, struct motion_event *events, size_t count)
{
    uint8_t room[16 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    for (size_t i = 0; i < count; i++)
        edge_settings_fill_place(sender->settings, &events[i]);
    const struct motion_batch batch = {.session = session, .count = count, .events = events};
    arena_init(&arena, room, sizeof(room));
    int message = link_publish(sender->link, topic, "application/x-protobuf",
        codec_encode_motion_batch(ENCODING_PROTOBUF, &batch, &arena));
    arena_free(&arena);
    if (message < 0)
        return;
    sender->batch = (struct sent_batch){.message = message, .session = session, .count = count};
    for (size_t i = 0; i < count; i++)
        sender->batch.numbers[i] = events[i].seq;
}

void sender_turn(struct sender *sender, int64_t now)
{
    struct motion_event events[LIMIT_BATCH_EVENTS];
    uint64_t session;
    if (!link_is_up(sender->link) || sender->batch.count || now < sender->not_before)
        return;
    size_t count = spool_read(sender->spool, LIMIT_BATCH_EVENTS, &session, events);
    if (count > 0)
        publish(sender, session, events, count);
    spool_free_events(events, count);
}

void sender_lost(struct sender *sender)
{
    sender->batch.count = 0;
}

/* As long as the broker says, else longer each time, and never in step with others. */
static void pause(struct sender *sender, int64_t now, unsigned seconds)
{
    int64_t wait = sender->pause ? sender->pause : FIRST_PAUSE_MS;
    sender->pause = wait * 2 < LONGEST_PAUSE_MS ? wait * 2 : LONGEST_PAUSE_MS;
    wait = wait / 2 + arc4random_uniform((uint32_t)wait);
    sender->not_before = now + (seconds ? (int64_t)seconds * 1000 + wait / 8 : wait);
}

/* ---- answers ------------------------------------------------------------------------------------------- */

/* `<seq> <code> <field>: <rule>`; *lines goes on to the next one. false: there is none. */
static bool next_refusal(const char **lines, struct refusal_line *out)
{
    const char *end = strchr(*lines, '\n');
    char *rest;
    if (end == NULL)
        return false;
    out->seq = strtoull(*lines, &rest, 10);
    out->reason = (unsigned)strtoul(rest, &rest, 0);
    out->text = rest < end && *rest == ' ' ? rest + 1 : rest;
    out->length = (int)(end - out->text);
    *lines = end + 1;
    return true;
}

static bool field_is(const struct refusal_line *line, const char *name)
{
    const char *colon = memchr(line->text, ':', (size_t)line->length);
    size_t length = strlen(name), field = colon ? (size_t)(colon - line->text) : 0;
    return field >= length && memcmp(colon - length, name, length) == 0;
}

/* The number at the end of the line: the session that the broker knows as the current one. */
static uint64_t last_number(const struct refusal_line *line)
{
    int at = line->length;
    while (at > 0 && isdigit((unsigned char)line->text[at - 1]))
        at--;
    return at < line->length ? strtoull(line->text + at, NULL, 10) : 0;
}

static void tell(struct sender *sender, const struct refusal_line *line, int64_t now)
{
    if (now - sender->minute >= MINUTE_MS) {
        sender->minute = now;
        sender->refusals_told = 0;
    }
    if (sender->refusals_told++ < MOST_LINES)
        fprintf(stderr, "neighbors-edge: broker: refused event %" PRIu64 ": 0x%02x %.*s\n", line->seq,
            line->reason, line->length, line->text);
}

struct answer {
    uint64_t keep[LIMIT_BATCH_EVENTS];
    size_t kept, refused;
    bool passing;    /* some may be sent again later */
    bool outdated;   /* our session is not the latest that the broker knows of us */
    uint64_t latest; /* that one; 0: it does not say */
};

static void keep(struct answer *answer, uint64_t seq)
{
    if (answer->kept < LIMIT_BATCH_EVENTS && (answer->kept == 0 || seq > answer->keep[answer->kept - 1]))
        answer->keep[answer->kept++] = seq;
}

/* Numbers of the session in which we write must count: when they do not, somebody used this session or a
 * later one before (a spool that was lost while the clock stood in the past). Of an earlier session they are
 * what was stored already, before a backup was brought back. */
static void take_refusal(
    struct sender *sender, struct answer *answer, const struct refusal_line *line, int64_t now)
{
    bool numbering = field_is(line, "session") || field_is(line, ".seq");
    if (is_passing(line->reason)) {
        answer->passing = true;
        keep(answer, line->seq);
    } else if (numbering && sender->batch.session == spool_session(sender->spool)) {
        answer->outdated = true;
        answer->latest = field_is(line, "session") ? last_number(line) : 0;
        keep(answer, line->seq);
    } else {
        answer->refused++;
        tell(sender, line, now);
    }
}

static void read_refusals(
    struct sender *sender, struct answer *answer, const struct link_acknowledgement *told, int64_t now)
{
    struct refusal_line line;
    const char *lines = told->refused;
    while (next_refusal(&lines, &line))
        take_refusal(sender, answer, &line, now);
    if (!is_refused(told->reason))
        return;
    for (size_t i = 0; i < sender->batch.count; i++) {
        line = (struct refusal_line){
            sender->batch.numbers[i], told->reason, told->text, (int)strlen(told->text)};
        take_refusal(sender, answer, &line, now);
    }
}

static void begin_later_session(struct sender *sender, const struct answer *answer, int64_t wall)
{
    fputs("neighbors-edge: broker: it knows a later session of this edge; a new one begins\n", stderr);
    if (!spool_renew_session(sender->spool, answer->latest, wall))
        fputs("neighbors-edge: broker: the new session could not be written\n", stderr);
}

void sender_acknowledged(
    struct sender *sender, const struct link_acknowledgement *acknowledgement, int64_t now, int64_t wall)
{
    struct answer answer = {.kept = 0};
    const struct sent_batch *batch = &sender->batch;
    if (batch->count == 0 || acknowledgement->message != batch->message)
        return;
    read_refusals(sender, &answer, acknowledgement, now);
    /* What could not be removed is sent again under its number, which the broker knows. */
    bool removed = spool_remove(sender->spool, batch->numbers[0], batch->numbers[batch->count - 1],
        answer.keep, answer.kept, answer.refused, wall);
    sender->batch.count = 0;
    if (answer.outdated)
        begin_later_session(sender, &answer, wall);
    if (!removed || answer.passing || answer.outdated)
        pause(sender, now, acknowledgement->retry_after_s);
    else
        sender->pause = 0;
}
