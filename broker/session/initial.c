/* What comes before the entries of a channel: the alerts in force for a follow that is new, goes on or was
 * released, and gaps; a queue of the session, in the order of asking. */
#include "broker/session/initial.h"

#include "broker/core.h"
#include "broker/session/deliver.h"
#include "broker/session/item.h"

/* An alert of a large area stands in many channels of a follow. Before a gap it does not count: with that the
 * follower forgets what it knew. NULL: it is not queued. */
static struct initial *queued_already(
    const struct session *session, const struct follow *follow, const struct alert_notice *notice)
{
    struct initial *queued = NULL;

    for (struct initial *initial = session->initial; initial; initial = initial->next) {
        if (initial->follow != follow)
            continue;
        if (!initial->alert)
            queued = NULL;
        else if (initial->alert->key.revision >= notice->revision &&
                 strcmp(initial->alert->key.public_id, notice->public_id) == 0)
            queued = initial;
    }
    return queued;
}

bool initial_is_queued(
    const struct session *session, const struct follow *follow, const struct alert_notice *notice)
{
    return queued_already(session, follow, notice) != NULL;
}

static void queue(struct session *session, struct initial first)
{
    struct initial *initial = must_alloc(sizeof *initial);

    *initial = first;
    *session->initial_end = initial;
    session->initial_end = &initial->next;
}

static void queue_initial(
    struct session *session, struct follow *follow, struct channel *channel, enum initial_kind kind)
{
    for (size_t i = 0; i < channel->notice_count; i++) {
        struct initial *queued = queued_already(session, follow, &channel->notices[i]);
        if (queued && kind == INITIAL_SUBSCRIBED)
            queued->kind = kind; /* also if it was shown */
        if (queued)
            continue;
        queue(session, (struct initial){.follow = follow,
                           .channel = channel,
                           .alert = alert_object_hold(session->broker, &channel->notices[i]),
                           .kind = kind});
    }
}

/* What is in force is being asked for: the link is settled anew when it is known, and told then. */
static void settle_later(struct link *link)
{
    link->in_force_due = DUE_ALL;
    link->settled = false;
}

void initial_queue_follow(struct session *session, struct follow *follow)
{
    for (struct link *link = session->links; link; link = link->next) {
        if (!deliver_serves(follow, link->channel))
            continue;
        channel_ask_when_stale(session->broker, link->channel);
        if (link->channel->asking)
            settle_later(link);
        else
            queue_initial(session, follow, link->channel, INITIAL_SUBSCRIBED);
    }
}

void initial_queue_channel(struct session *session, struct link *link, enum initial_kind kind)
{
    for (struct follow *follow = session->follows; follow; follow = follow->next) {
        if (deliver_serves(follow, link->channel))
            queue_initial(session, follow, link->channel, kind);
    }
}

void initial_queue_gap(struct session *session, struct link *link)
{
    struct channel *channel = link->channel;

    for (struct follow *follow = session->follows; follow; follow = follow->next) {
        if (deliver_serves(follow, channel))
            queue(session,
                (struct initial){
                    .follow = follow, .channel = channel, .before = link->sent, .low = channel->low});
    }
    link_move(link, channel->low);
    if (channel->asking)
        settle_later(link);
    else
        initial_queue_channel(session, link, INITIAL_SUBSCRIBED);
}

static void initial_free(struct session *session, struct initial *initial)
{
    alert_object_drop(session->broker, initial->alert);
    free(initial);
}

bool initial_send(struct session *session)
{
    while (session->initial) {
        struct initial *initial = session->initial;

        if (initial->alert && initial->alert->load == ALERT_LOADING) {
            deliver_wait_for_alert(session);
            return false;
        }
        if (!item_room(session))
            return false;
        if (initial->alert)
            item_send_initial(session, initial);
        else
            item_send_gap(session, initial);
        session->unsaved = true;
        session->initial = initial->next;
        if (!session->initial)
            session->initial_end = &session->initial;
        initial_free(session, initial);
    }
    return true;
}

void initial_forget(struct session *session, const struct follow *follow)
{
    struct initial **at = &session->initial;

    while (*at) {
        struct initial *initial = *at;
        if (follow && initial->follow != follow) {
            at = &initial->next;
            continue;
        }
        *at = initial->next;
        initial_free(session, initial);
    }
    session->initial_end = at;
}
