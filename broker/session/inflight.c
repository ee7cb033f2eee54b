/* A ring that grows with its use. Clients acknowledge in order, so the oldest message is nearly always the
 * one meant. */
#include "broker/session/inflight.h"

#include "broker/core.h"

enum { FIRST_ROOM = 4, KEPT_ROOM = 64 };

static struct inflight_message *message_at(const struct inflight *inflight, uint16_t i)
{
    return &inflight->messages[(inflight->first + i) & (inflight->room - 1)];
}

bool inflight_fits(const struct inflight *inflight, int more)
{
    return inflight->count + more <= inflight->window;
}

static void grow(struct inflight *inflight)
{
    uint16_t room = inflight->room ? (uint16_t)(inflight->room * 2) : FIRST_ROOM;
    struct inflight_message *messages = must_alloc(room * sizeof *messages);

    for (uint16_t i = 0; i < inflight->count; i++)
        messages[i] = *message_at(inflight, i);
    free(inflight->messages);
    inflight->messages = messages;
    inflight->room = room;
    inflight->first = 0;
}

uint16_t inflight_add(struct inflight *inflight, const struct inflight_message *message)
{
    if (inflight->count == inflight->room)
        grow(inflight);
    if (++inflight->last_id == 0)
        inflight->last_id = 1;
    inflight->count++;
    struct inflight_message *newest = message_at(inflight, (uint16_t)(inflight->count - 1));
    *newest = *message;
    newest->packet_id = inflight->last_id;
    return inflight->last_id;
}

bool inflight_acknowledge(struct inflight *inflight, uint16_t packet_id)
{
    uint16_t i = 0;

    if (packet_id == 0)
        return false;
    while (i < inflight->count && message_at(inflight, i)->packet_id != packet_id)
        i++;
    if (i == inflight->count)
        return false;
    message_at(inflight, i)->packet_id = 0;
    while (inflight->count && message_at(inflight, 0)->packet_id == 0) {
        inflight->first = (uint16_t)((inflight->first + 1) & (inflight->room - 1));
        inflight->count--;
    }
    if (inflight->count == 0 && inflight->room > KEPT_ROOM)
        inflight_free(inflight);
    return true;
}

/* The least of all: a link may have gone back (session/hold.h), so that newer messages lie before older
 * ones. */
struct position_in_channel inflight_cursor(
    const struct inflight *inflight, const struct link *link, struct position_in_channel sent)
{
    for (uint16_t i = 0; i < inflight->count; i++) {
        const struct inflight_message *message = message_at(inflight, i);
        if (message->link == link && message->packet_id && position_order(message->before, sent) < 0)
            sent = message->before;
    }
    return sent;
}

bool inflight_has_alert(const struct inflight *inflight, uint64_t shown_key)
{
    for (uint16_t i = 0; i < inflight->count; i++) {
        const struct inflight_message *message = message_at(inflight, i);
        if (message->shown_key == shown_key && message->packet_id)
            return true;
    }
    return false;
}

bool inflight_has_in_force(const struct inflight *inflight, const struct link *link)
{
    for (uint16_t i = 0; i < inflight->count; i++) {
        const struct inflight_message *message = message_at(inflight, i);
        if (message->link == link && message->packet_id && message->in_force)
            return true;
    }
    return false;
}

void inflight_forget(struct inflight *inflight, const struct link *link)
{
    for (uint16_t i = 0; i < inflight->count; i++) {
        if (message_at(inflight, i)->link == link)
            message_at(inflight, i)->link = NULL;
    }
}

void inflight_free(struct inflight *inflight)
{
    free(inflight->messages);
    inflight->messages = NULL;
    inflight->first = inflight->count = inflight->room = 0;
}
