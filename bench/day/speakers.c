/* Connections: nodes, agencies, edges and single devices, then followers. Each has a window of publishes that
 * wait for their acknowledgement, and behind it those that wait for a place in it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/day/day.h"

/* Below 128 numbers may be under way of one sender (CONTRACT); a batch has at most 3. */
enum { NODE_WINDOW = 500, AGENCY_WINDOW = 16, EDGE_WINDOW = 32, DEVICE_WINDOW = 32, FOLLOWER_WINDOW = 4 };
enum { OPENING_MOST = 64, HEAD_ROOM = 64, TOKEN_LIVES_S = 24 * 3600 };

static void name_speaker(const struct speaker *speaker, char out[USER_TEXT])
{
    static const char *const begins[] = {[NODE] = "node/n", [AGENCY] = "agency/a", [FOLLOWER] = "user/f"};
    const struct plan *plan = speaker->day->plan;
    char device[DEVICE_NAME];

    if (speaker->kind == EDGE) {
        snprintf(out, USER_TEXT, "edge/%s", plan->homes[speaker->index].name);
    } else if (speaker->kind == DEVICE) {
        plan_device_name(plan, speaker->index, device);
        snprintf(out, USER_TEXT, "device/%s", device);
    } else {
        snprintf(out, USER_TEXT, "%s%u", begins[speaker->kind], speaker->index);
    }
}

/* ---- publishing ---- */

static uint64_t take_numbers(struct speaker *speaker, const struct job *job)
{
    uint64_t *seq =
        speaker->kind == NODE ? &speaker->day->device_seq[speaker->day->device[job->first]] : &speaker->seq;
    uint64_t first = *seq + 1;
    *seq += job->count;
    return first;
}

static void publish(struct speaker *speaker, const struct job *job, uint16_t packet_id)
{
    struct day *day = speaker->day;
    struct mqtt_publish head = {
        .qos = 1, .packet_id = packet_id, .topic = job->notice ? TEXT("nb/v1/alert") : TEXT("nb/v1/motion")};
    struct flight *flight = &speaker->flights[packet_id - 1];

    *flight = (struct flight){*job, job->notice ? 0 : take_numbers(speaker, job)};
    arena_init(&day->arena, day->arena_room, sizeof day->arena_room);
    struct bytes payload = job->notice ? payload_notice(speaker, &day->plan->notices[job->first])
                                       : payload_events(speaker, job, flight->seq);
    struct mqtt_writer writer = {link_reserve(&speaker->link, HEAD_ROOM + payload.len), HEAD_ROOM, 0};
    mqtt_encode_publish_head(&writer, MQTT_5, &head, payload.len, NULL, 0);
    memcpy(writer.data + writer.len, payload.data, payload.len);
    link_wrote(&speaker->link, writer.len + payload.len);
    arena_free(&day->arena);
    for (uint32_t i = 0; !job->notice && i < job->count; i++)
        day->state[job->first + i] |= EVENT_SENT;
    day->totals.publishes++;
    day->totals.events += job->notice ? 0 : job->count;
    day->totals.notices += job->notice;
    day->sent[day_interval(day, now_ns() - day->begin)]++;
}

static void queue(struct speaker *speaker, const struct job *job)
{
    if (speaker->backlog_count == speaker->backlog_room) {
        uint32_t room = speaker->backlog_room ? speaker->backlog_room * 2 : 16;
        struct job *backlog = plan_room(room, sizeof *backlog);
        for (uint32_t i = 0; i < speaker->backlog_count; i++)
            backlog[i] = speaker->backlog[(speaker->backlog_first + i) % speaker->backlog_room];
        free(speaker->backlog);
        speaker->backlog = backlog;
        speaker->backlog_first = 0;
        speaker->backlog_room = room;
    }
    speaker->backlog[(speaker->backlog_first + speaker->backlog_count++) % speaker->backlog_room] = *job;
    speaker->day->totals.waited++;
}

void speaker_send(struct speaker *speaker, const struct job *job)
{
    if (speaker->free_count && !speaker->backlog_count)
        publish(speaker, job, speaker->free[--speaker->free_count]);
    else
        queue(speaker, job);
}

static void on_puback(struct speaker *speaker, const struct mqtt_ack *ack)
{
    if (ack->packet_id < 1 || ack->packet_id > speaker->window)
        return;
    answer_take(speaker, ack, &speaker->flights[ack->packet_id - 1]);
    speaker->free[speaker->free_count++] = ack->packet_id;
    if (speaker->backlog_count) {
        struct job job = speaker->backlog[speaker->backlog_first];
        speaker->backlog_first = (speaker->backlog_first + 1) % speaker->backlog_room;
        speaker->backlog_count--;
        publish(speaker, &job, speaker->free[--speaker->free_count]);
    }
}

/* ---- connecting ---- */

static void on_suback(struct speaker *speaker, const struct mqtt_filters *granted)
{
    for (size_t i = 0; i < granted->list.len; i++) {
        if (granted->list.data[i] >= 0x80) {
            fprintf(stderr, "bench_day: filter refused with 0x%02x\n", granted->list.data[i]);
            exit(2);
        }
    }
    speaker->day->subscribed++;
}

static void on_packet(struct link *link, const struct mqtt_packet *packet)
{
    struct speaker *speaker = link->owner;

    if (packet->type == MQTT_PUBLISH) {
        if (packet->publish.qos)
            link_acknowledge(link, packet->publish.packet_id);
        delivered(speaker, &packet->publish);
    } else if (packet->type == MQTT_PUBACK) {
        on_puback(speaker, &packet->ack);
    } else if (packet->type == MQTT_SUBACK) {
        on_suback(speaker, &packet->filters);
    } else if (packet->type == MQTT_DISCONNECT) {
        fprintf(stderr, "bench_day: disconnected with 0x%02x\n", packet->ack.reason);
    }
}

static void on_ready(struct link *link)
{
    struct speaker *speaker = link->owner;
    char cell[GEO_CELL_TEXT], room[4][80];

    if (speaker->kind != FOLLOWER)
        return;
    const struct plan_follower *follower = &speaker->day->plan->followers[speaker->index];
    const char *const filters[] = {room[0], room[1], room[2], room[3]};
    geo_format(follower->leaf, cell);
    snprintf(room[0], sizeof *room, "nb/v1/near/%s/%.0f/incident/#", cell, follower->metres);
    snprintf(room[1], sizeof *room, "nb/v1/near/%s/%.0f/area/#", cell, follower->metres);
    snprintf(room[2], sizeof *room, "nb/v1/inbox/heartbeat");
    snprintf(room[3], sizeof *room, "nb/v1/near/%s/%.0f/activity/#", cell, follower->metres);
    link_subscribe(link, filters, follower->watches ? 4 : 3, 1);
}

static const struct link_events events = {.ready = on_ready, .packet = on_packet};

static void open_speaker(struct day *day, struct speaker *speaker)
{
    char user[USER_TEXT], token[TOKEN_TEXT];
    struct timespec now;

    name_speaker(speaker, user);
    clock_gettime(CLOCK_REALTIME, &now);
    const struct token_grant grant = {.subject = text_of(user),
        .now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
        .ttl_s = TOKEN_LIVES_S};
    if (!token_sign(day->key, &grant, token)) {
        fprintf(stderr, "bench_day: cannot sign a token\n");
        exit(2);
    }
    struct link_identity identity = {
        .client = user, .user = user, .password = {(const uint8_t *)token, strlen(token)}};
    speaker->link.loop = &day->loop;
    speaker->link.events = &events;
    speaker->link.owner = speaker;
    link_open(&speaker->link, day->host, day->port, &identity);
}

static void prepare_speaker(struct day *day, struct speaker *speaker, enum speaker_kind kind, uint32_t index)
{
    static const uint16_t windows[] = {
        NODE_WINDOW, AGENCY_WINDOW, EDGE_WINDOW, DEVICE_WINDOW, FOLLOWER_WINDOW};

    *speaker = (struct speaker){.day = day, .kind = kind, .index = index, .window = windows[kind]};
    speaker->flights = plan_room(speaker->window, sizeof *speaker->flights);
    speaker->free = plan_room(speaker->window, sizeof *speaker->free);
    for (uint16_t id = speaker->window; id > 0; id--)
        speaker->free[speaker->free_count++] = id;
}

static void open_range(struct day *day, size_t from, size_t to)
{
    size_t next = from, ready = day->loop.ready;

    while (day->loop.ready < ready + (to - from) && day->loop.lost == 0) {
        while (next < to && day->loop.opening < OPENING_MOST)
            open_speaker(day, &day->speakers[next++]);
        loop_turn(&day->loop, now_ns() + 1000000000u);
    }
}

static void prepare_all(struct day *day)
{
    const struct plan *plan = day->plan;
    size_t count = 0;

    day->speakers = plan_room(
        plan->node_count + plan->agency_count + plan->device_count + plan->home_count + plan->follower_count,
        sizeof *day->speakers);
    for (uint32_t n = 0; n < plan->node_count; n++)
        prepare_speaker(day, &day->speakers[count++], NODE, n);
    day->agencies_at = count;
    for (uint32_t a = 0; a < plan->agency_count; a++)
        prepare_speaker(day, &day->speakers[count++], AGENCY, a);
    for (uint32_t h = 0; h < plan->home_count; h++) {
        struct home *home = &plan->homes[h];
        home->speaker = home->way == BY_NODE ? home->node : (uint32_t)count;
        if (home->way == BY_EDGE)
            prepare_speaker(day, &day->speakers[count++], EDGE, h);
        for (uint32_t d = 0; home->way == ALONE && d < home->count; d++)
            prepare_speaker(day, &day->speakers[count++], DEVICE, home->first + d);
    }
    day->followers_at = count;
    for (uint32_t f = 0; f < plan->follower_count; f++)
        prepare_speaker(day, &day->speakers[count++], FOLLOWER, f);
    day->speaker_count = count;
}

void speakers_open(struct day *day)
{
    prepare_all(day);
    open_range(day, 0, day->followers_at);
}

void followers_open(struct day *day)
{
    open_range(day, day->followers_at, day->speaker_count);
    while (day->subscribed < day->plan->follower_count && day->loop.lost == 0)
        loop_turn(&day->loop, now_ns() + 1000000000u);
}

void speakers_close(struct day *day)
{
    for (size_t i = 0; i < day->speaker_count; i++)
        link_close(&day->speakers[i].link);
}
