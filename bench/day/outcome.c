/* Answers, and what it all came to. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/day/day.h"

size_t day_interval(const struct day *day, uint64_t since_begin)
{
    uint64_t interval = since_begin / day->interval;
    return interval < INTERVALS ? interval : INTERVALS - 1;
}

void measure_init(struct measure *measure)
{
    measure->by_interval = plan_room(INTERVALS, sizeof *measure->by_interval);
}

void measure_add(struct day *day, struct measure *measure, uint64_t due)
{
    uint64_t now = day->loop.now - day->begin, latency = now > due ? now - due : 0;
    histogram_add(&measure->all, latency);
    histogram_add(&measure->by_interval[day_interval(day, due)], latency);
}

bool day_complete(const struct day *day)
{
    const struct totals *totals = &day->totals;
    return totals->stored_publishes == totals->publishes && day->next_event == day->plan->events &&
           totals->activity >= totals->activity_expected && totals->shown >= totals->shown_expected;
}

/* ---- answers ---- */

static void count_reason(struct day *day, uint8_t code, struct text text, bool expected)
{
    char words[REASON_TEXT];
    size_t i = 0;

    snprintf(words, sizeof words, "0x%02x %.*s", code, (int)(text.len < 80 ? text.len : 80),
        text.data ? text.data : "");
    while (i < day->reason_count &&
           (strcmp(day->reasons[i].text, words) != 0 || day->reasons[i].expected != expected))
        i++;
    if (i == day->reason_count && day->reason_count < REASONS) {
        day->reasons[day->reason_count++] = (struct refused_reason){.expected = expected};
        memcpy(day->reasons[i].text, words, sizeof words);
    }
    if (i < day->reason_count)
        day->reasons[i].count++;
    day->totals.refused++;
    day->totals.refused_unexpected += !expected;
}

static void event_stored(struct day *day, uint32_t event)
{
    const struct home *home = &day->plan->homes[day->plan->home_of[day->device[event]]];

    day->state[event] |= EVENT_STORED;
    day->totals.stored++;
    day->totals.accepted_wrong += (day->state[event] & EVENT_WRONG) != 0;
    if (home_is_public(day->plan, home))
        day->totals.activity_expected += day->plan->leaves[home->leaf].watchers;
}

/* "<seq> <code> <field>: <rule>" of one event of a batch. */
static void event_refused(struct day *day, const struct flight *flight, struct text text, uint64_t *refused)
{
    char words[REASON_TEXT], *rest;

    snprintf(words, sizeof words, "%.*s", (int)(text.len < 90 ? text.len : 90), text.data);
    uint64_t place = strtoull(words, &rest, 10) - flight->seq;
    uint8_t code = (uint8_t)strtoul(rest, &rest, 10);
    if (place >= flight->job.count)
        return;
    *refused |= UINT64_C(1) << place;
    count_reason(day, code, text_of(rest + (*rest == ' ')), flight->job.wrong);
}

static void events_answered(struct day *day, const struct mqtt_ack *ack, const struct flight *flight)
{
    uint64_t refused = 0;
    size_t offset = 0;
    struct text name, value;

    while (ack->properties.raw.len && mqtt_user_property(&ack->properties, &offset, &name, &value))
        if (text_equal(name, TEXT("refused")))
            event_refused(day, flight, value, &refused);
    for (uint32_t i = 0; i < flight->job.count; i++) {
        if (ack->reason < 0x80 && !(refused >> i & 1)) {
            event_stored(day, flight->job.first + i);
            continue;
        }
        day->state[flight->job.first + i] |= EVENT_REFUSED;
        if (!(refused >> i & 1))
            count_reason(day, ack->reason, ack->properties.reason_string, flight->job.wrong);
    }
}

void answer_take(struct speaker *speaker, const struct mqtt_ack *ack, const struct flight *flight)
{
    struct day *day = speaker->day;

    day->totals.stored_publishes++;
    day->answers[day_interval(day, day->loop.now - day->begin)]++;
    if (!flight->job.notice) {
        measure_add(day, &day->answered, flight->job.due);
        events_answered(day, ack, flight);
        return;
    }
    struct notice *notice = &day->plan->notices[flight->job.first];
    measure_add(day, &day->notices_answered, flight->job.due);
    if (ack->reason >= 0x80) {
        count_reason(day, ack->reason, ack->properties.reason_string, flight->job.wrong);
        return;
    }
    notice->acknowledged = true;
    notice->answered_at = day->loop.now - day->begin;
    day->totals.notices_stored++;
    day->totals.accepted_wrong += notice->wrong;
    day->totals.shown_expected += notice->expected;
}

/* ---- what was lost, doubled, or somebody else's ---- */

struct holes {
    uint64_t missing, doubled, strange, unanswered;
    uint64_t passed_over; /* a later state came in its place, as it may to a follower who was slow */
};

static struct holes activity_holes(const struct day *day)
{
    const struct plan *plan = day->plan;
    struct holes holes = {0};

    for (uint32_t event = 0; event < day->next_event; event++) {
        const struct home *home = &plan->homes[plan->home_of[day->device[event]]];
        const struct leaf *leaf = &plan->leaves[home->leaf];
        bool due = day->state[event] & EVENT_STORED && home_is_public(plan, home);
        uint32_t expected = due ? leaf->watchers : 0, got = day->copies[event];
        holes.missing += got < expected ? expected - got : 0;
        holes.doubled += got > expected ? got - expected : 0;
        holes.strange += got == expected && day->copies_sum[event] != (due ? leaf->watchers_sum : 0);
        holes.unanswered += !(day->state[event] & (EVENT_STORED | EVENT_REFUSED));
    }
    return holes;
}

static bool later_state_came(const struct plan *plan, const struct notice *notice, size_t follower)
{
    for (uint32_t next = notice->next; next; next = plan->notices[next].next)
        if (plan->notices[next].got[follower])
            return true;
    return false;
}

static struct holes notice_holes(const struct plan *plan)
{
    struct holes holes = {0};

    for (size_t i = 0; i < plan->notice_count; i++) {
        const struct notice *notice = &plan->notices[i];
        holes.unanswered += !notice->acknowledged && !notice->wrong;
        for (size_t f = 0; f < plan->follower_count; f++) {
            uint8_t expected = notice->acknowledged && notice->due_to[f];
            bool late = notice->got[f] < expected && later_state_came(plan, notice, f);
            holes.passed_over += late;
            holes.missing += notice->got[f] < expected && !late;
            holes.doubled += notice->got[f] > expected ? (unsigned)(notice->got[f] - expected) : 0;
        }
    }
    return holes;
}

/* ---- the report ---- */

static void print_measure(const char *name, const struct measure *measure)
{
    printf(",\"%s_us\":", name);
    histogram_print(&measure->all, stdout);
    printf(",\"%s_by_interval\":[", name);
    for (size_t i = 0; i < INTERVALS; i++) {
        printf(i ? "," : "");
        histogram_print(&measure->by_interval[i], stdout);
    }
    printf("]");
}

static void print_counts(const char *name, const uint64_t counts[INTERVALS])
{
    printf(",\"%s\":[", name);
    for (size_t i = 0; i < INTERVALS; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)counts[i]);
    printf("]");
}

static void print_reasons(const struct day *day)
{
    printf(",\"reasons\":[");
    for (size_t i = 0; i < day->reason_count; i++) {
        const struct refused_reason *reason = &day->reasons[i];
        printf("%s{\"text\":\"", i ? "," : "");
        for (const char *at = reason->text; *at; at++)
            putchar(*at == '"' || *at == '\\' || (unsigned char)*at < ' ' ? '\'' : *at);
        printf("\",\"count\":%llu,\"expected\":%s}", (unsigned long long)reason->count,
            reason->expected ? "true" : "false");
    }
    printf("]");
}

static uint32_t widest(const struct plan *plan)
{
    uint32_t most = 0;
    for (size_t i = 0; i < plan->notice_count; i++)
        most = plan->notices[i].expected > most ? plan->notices[i].expected : most;
    return most;
}

static void print_holes(const char *name, struct holes holes, uint64_t foreign)
{
    printf(",\"%s\":{\"missing\":%llu,\"doubled\":%llu,\"strange\":%llu,\"unanswered\":%llu,"
           "\"foreign\":%llu,\"passed_over\":%llu}",
        name, (unsigned long long)holes.missing, (unsigned long long)holes.doubled,
        (unsigned long long)holes.strange, (unsigned long long)holes.unanswered, (unsigned long long)foreign,
        (unsigned long long)holes.passed_over);
}

static double since_due_ms(const struct notice *notice, uint64_t at)
{
    return at > notice->due ? (double)(at - notice->due) / 1e6 : 0;
}

/* How each state of the evacuation order spread: from the time at which it was due. */
static void print_order(const struct plan *plan)
{
    const char *between = "";

    printf(",\"order\":[");
    for (size_t i = 0; i < plan->notice_count; i++) {
        const struct notice *notice = &plan->notices[i];
        if (!notice->order)
            continue;
        printf("%s{\"revision\":%u,\"expected\":%u,\"copies\":%u,\"answered_ms\":%.2f,\"first_ms\":%.2f,"
               "\"last_ms\":%.2f}",
            between, notice->revision, notice->expected, notice->copies,
            since_due_ms(notice, notice->answered_at), since_due_ms(notice, notice->first_at),
            since_due_ms(notice, notice->last_at));
        between = ",";
    }
    printf("]");
}

static void print_totals(const struct day *day)
{
    const struct totals *t = &day->totals;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"publishes", t->publishes}, {"answered", t->stored_publishes}, {"events", t->events},
        {"stored", t->stored}, {"refused", t->refused}, {"refused_unexpected", t->refused_unexpected},
        {"accepted_wrong", t->accepted_wrong}, {"notices", t->notices}, {"notices_stored", t->notices_stored},
        {"activity_delivered", t->activity}, {"activity_expected", t->activity_expected}, {"shown", t->shown},
        {"shown_expected", t->shown_expected}, {"unknown", t->shown_unknown}, {"waited", t->waited},
        {"heartbeats", t->heartbeats}, {"stale", t->stale}, {"widest", widest(day->plan)},
        {"lost_connections", day->loop.lost}, {"sent_bytes", day->loop.bytes_out},
        {"received_bytes", day->loop.bytes_in}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].value);
}

void day_report(const struct day *day)
{
    printf("{\"stage\":\"report\",\"interval_s\":%.6f", (double)day->interval / 1e9);
    print_totals(day);
    print_holes("activity_holes", activity_holes(day), day->totals.activity_foreign);
    print_holes("notice_holes", notice_holes(day->plan), day->totals.shown_foreign);
    print_reasons(day);
    print_order(day->plan);
    printf(",\"lag_us\":");
    histogram_print(&day->lag, stdout);
    print_measure("answered", &day->answered);
    print_measure("notices_answered", &day->notices_answered);
    print_measure("activity", &day->activity);
    print_measure("shown", &day->shown);
    print_counts("offered", day->offered);
    print_counts("sent", day->sent);
    print_counts("answers", day->answers);
    printf("}\n");
    fflush(stdout);
}

bool day_write_events(const struct day *day, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    bool good = fwrite(day->state, 1, day->next_event, file) == day->next_event &&
                fwrite(day->device, sizeof *day->device, day->next_event, file) == day->next_event;
    return fclose(file) == 0 && good;
}
