/* The clock of the day. It never waits for an answer. */
#include <stdio.h>

#include "bench/day/day.h"

enum { BURST = 256, QUIET_S = 30, AFTERWARDS_MS = 500 };

static double fraction(uint64_t random)
{
    return (double)(random >> 11) / 9007199254740992.0;
}

static uint64_t event_due(const struct day *day)
{
    const struct plan *plan = day->plan;
    if (day->next_event >= plan->events)
        return UINT64_MAX;
    return plan_due(plan,
        ((double)day->next_event + fraction(plan_random(plan, day->next_event))) / (double)plan->events);
}

static uint64_t notice_due(const struct day *day)
{
    const struct plan *plan = day->plan;
    return day->next_notice < plan->notice_count ? plan->notices[day->next_notice].due : UINT64_MAX;
}

static struct speaker *speaker_of(struct day *day, uint32_t device)
{
    const struct home *home = &day->plan->homes[day->plan->home_of[device]];
    return &day->speakers[home->speaker + (home->way == ALONE ? device - home->first : 0)];
}

/* Several cameras of a home see one visitor: one batch of its edge. */
static uint16_t batch_of(const struct day *day, const struct home *home, uint64_t random)
{
    uint32_t count = home->way == BY_EDGE ? 1 + (random % 4 == 0) + (random % 16 == 0) : 1;
    uint32_t left = day->plan->events - day->next_event;
    count = count < home->count ? count : home->count;
    return (uint16_t)(count < left ? count : left);
}

static void send_events(struct day *day, uint64_t due)
{
    const struct plan *plan = day->plan;
    uint64_t random = plan_random(plan, (uint64_t)day->next_event << 32 | 1);
    uint32_t device = (uint32_t)(random % plan->active);
    const struct home *home = &plan->homes[plan->home_of[device]];
    struct job job = {.due = due, .first = day->next_event};

    random = plan_random(plan, (uint64_t)day->next_event << 32 | 2);
    job.count = batch_of(day, home, random);
    job.wrong = job.count == 1 && fraction(plan_random(plan, random)) < plan->wrong;
    for (uint32_t i = 0; i < job.count; i++) {
        day->device[job.first + i] = home->first + (device - home->first + i) % home->count;
        day->due_us[job.first + i] = (uint32_t)(due / 1000);
        day->state[job.first + i] = job.wrong ? EVENT_WRONG : EVENT_NONE;
    }
    day->next_event += job.count;
    speaker_send(speaker_of(day, device), &job);
}

static void send_notice(struct day *day)
{
    const struct notice *notice = &day->plan->notices[day->next_notice];
    size_t at = notice->of_agency ? day->agencies_at : day->followers_at;
    struct job job = {
        .due = notice->due, .first = day->next_notice, .count = 1, .notice = true, .wrong = notice->wrong};

    day->next_notice++;
    speaker_send(&day->speakers[at + notice->sender], &job);
}

/* Sends what is due, at most BURST of it; returns when the next is due. */
static uint64_t send_due(struct day *day)
{
    uint64_t now = now_ns() - day->begin;

    for (int i = 0; i < BURST; i++) {
        uint64_t event = event_due(day), notice = notice_due(day), due = event < notice ? event : notice;
        if (due > now)
            return due;
        day->offered[day_interval(day, due)]++;
        histogram_add(&day->lag, now - due);
        if (event <= notice)
            send_events(day, due);
        else
            send_notice(day);
    }
    return 0;
}

/* As long as something comes, and a little longer: what comes twice comes after the first. */
static void drain(struct day *day)
{
    uint64_t quiet_since = now_ns(), complete_since = 0;
    uint64_t seen = 0;

    while (day->loop.lost == 0 && now_ns() - quiet_since < QUIET_S * 1000000000ull) {
        uint64_t now = now_ns();
        uint64_t all =
            day->totals.stored_publishes + day->totals.refused + day->totals.activity + day->totals.shown;
        if (all != seen)
            quiet_since = now;
        seen = all;
        if (!day_complete(day))
            complete_since = 0;
        else if (!complete_since)
            complete_since = now;
        else if (now - complete_since > AFTERWARDS_MS * 1000000ull)
            return;
        loop_turn(&day->loop, now + 50000000);
    }
}

void day_run(struct day *day)
{
    uint64_t end = (uint64_t)(day->plan->seconds * 1e9);

    day->begin = now_ns();
    while (day->loop.lost == 0) {
        uint64_t due = send_due(day);
        if (due == UINT64_MAX && now_ns() - day->begin >= end)
            break;
        if (due > end)
            due = end;
        loop_turn(&day->loop, day->begin + due);
    }
    drain(day);
}
