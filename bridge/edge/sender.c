/* From the spool to the broker (sender.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/sender.h"
#include "proto/codec.h"

static const char topic[] = "nb/v1/motion";
enum { PAUSE_MS = 5000 }; /* when the broker has no room and does not say for how long */

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

static bool publish(struct sender *sender, struct motion_event *events, size_t count)
{
    uint8_t room[16 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    const struct motion_batch batch = {
        .session = spool_session(sender->spool), .count = count, .events = events};
    arena_init(&arena, room, sizeof(room));
    int message = link_publish(sender->link, topic, "application/x-protobuf",
        codec_encode_motion_batch(ENCODING_PROTOBUF, &batch, &arena));
    arena_free(&arena);
    if (message < 0)
        return false;
    sender->sent = events[count - 1].seq;
    sender->in_flight[sender->in_flight_count++] =
        (struct sent_batch){.message = message, .from = events[0].seq, .to = sender->sent};
    return true;
}

void sender_turn(struct sender *sender, int64_t now)
{
    if (!link_is_up(sender->link) || now < sender->not_before ||
        (sender->again && sender->in_flight_count > 0))
        return;
    if (sender->again)
        sender->sent = 0;
    sender->again = false;
    for (bool more = true; more;) {
        uint64_t lowest = spool_first(sender->spool),
                 from = sender->sent + 1 > lowest ? sender->sent + 1 : lowest;
        struct motion_event events[LIMIT_BATCH_EVENTS];
        size_t count = 0;
        if (lowest && sender->in_flight_count < SENDER_WINDOW)
            count = spool_read(sender->spool, from, lowest + SENDER_WINDOW - 1, LIMIT_BATCH_EVENTS, events);
        more = count > 0 && publish(sender, events, count);
        spool_free_events(events, count);
    }
}

void sender_lost(struct sender *sender)
{
    sender->in_flight_count = 0;
    sender->sent = 0;
    sender->again = false;
}

static void pause_and_repeat(struct sender *sender, int64_t now, unsigned seconds)
{
    int64_t until = now + (seconds ? (int64_t)seconds * 1000 : PAUSE_MS);
    sender->not_before = until > sender->not_before ? until : sender->not_before;
    sender->again = true;
}

/* Reads `<seq> <code> <field>: <rule>` lines; those that time may cure are kept, ascending as the broker
 * tells them. */
static size_t read_refused(
    const char *lines, const struct sent_batch *batch, uint64_t keep[LIMIT_BATCH_EVENTS])
{
    size_t kept = 0;
    for (const char *line = lines; *line;) {
        const char *end = strchr(line, '\n');
        char *rest;
        uint64_t seq = strtoull(line, &rest, 10);
        unsigned reason = (unsigned)strtoul(rest, &rest, 0);
        if (is_passing(reason) && kept < LIMIT_BATCH_EVENTS && seq >= batch->from && seq <= batch->to &&
            (kept == 0 || seq > keep[kept - 1]))
            keep[kept++] = seq;
        else
            fprintf(stderr, "neighbors-edge: broker: refused event %" PRIu64 ": 0x%02x%.*s\n", seq, reason,
                (int)(end - rest), rest);
        line = end + 1;
    }
    return kept;
}

static void remove_batch(struct sender *sender, const struct sent_batch *batch,
    const struct link_acknowledgement *acknowledgement, int64_t now)
{
    uint64_t keep[LIMIT_BATCH_EVENTS];
    size_t kept = read_refused(acknowledgement->refused, batch, keep);
    if (kept > 0)
        pause_and_repeat(sender, now, acknowledgement->retry_after_s);
    /* Not removed: it is sent again under its number, which the broker knows. */
    if (!spool_remove(sender->spool, batch->from, batch->to, keep, kept))
        pause_and_repeat(sender, now, 0);
}

void sender_acknowledged(
    struct sender *sender, const struct link_acknowledgement *acknowledgement, int64_t now)
{
    size_t i = 0;
    while (i < sender->in_flight_count && sender->in_flight[i].message != acknowledgement->message)
        i++;
    if (i == sender->in_flight_count)
        return;
    const struct sent_batch batch = sender->in_flight[i];
    sender->in_flight_count--;
    memmove(&sender->in_flight[i], &sender->in_flight[i + 1],
        (sender->in_flight_count - i) * sizeof(sender->in_flight[0]));
    if (is_passing(acknowledgement->reason)) {
        pause_and_repeat(sender, now, acknowledgement->retry_after_s);
        return;
    }
    if (is_refused(acknowledgement->reason))
        fprintf(stderr, "neighbors-edge: broker: refused events %" PRIu64 " to %" PRIu64 ": 0x%02x %s\n",
            batch.from, batch.to, acknowledgement->reason, acknowledgement->text);
    remove_batch(sender, &batch, acknowledgement, now);
}
