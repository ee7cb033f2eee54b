/* One alert at a time to all followers: how long from its publish until the last of them has it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/load/load.h"

enum { ROUND_MOST_S = 20, PAUSE_MS = 50 };

static void on_ready(struct link *link)
{
    (void)link;
}

static void on_packet(struct link *link, const struct mqtt_packet *packet)
{
    struct load *load = link->owner;

    if (packet->type != MQTT_PUBACK)
        return;
    load->round_acknowledged = load->loop.now;
    if (packet->ack.reason >= 0x80) {
        fprintf(stderr, "bench_load: alert refused with 0x%02x: %.*s\n", packet->ack.reason,
            (int)packet->ack.properties.reason_string.len, packet->ack.properties.reason_string.data);
        exit(2);
    }
}

static const struct link_events events = {.ready = on_ready, .packet = on_packet};

static void send_alert(struct load *load, struct link *link, long round)
{
    bool ours = load->options.format == FORMAT_MOTION;
    struct mqtt_publish publish = {
        .qos = 1, .packet_id = 1, .topic = ours ? TEXT("nb/v1/alert") : TEXT("alert")};
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    arena_init(&load->arena, load->arena_room, sizeof load->arena_room);
    struct bytes payload = alert_payload(
        &load->options, round, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, &load->arena);
    struct mqtt_writer writer = {link_reserve(link, 64 + payload.len), 64, 0};
    mqtt_encode_publish_head(&writer, MQTT_5, &publish, payload.len, NULL, 0);
    memcpy(writer.data + writer.len, payload.data, payload.len);
    link_wrote(link, writer.len + payload.len);
    arena_free(&load->arena);
}

static bool run_round(struct load *load, struct link *link, long round)
{
    load->round_acknowledged = load->round_delivered = 0;
    load->round_began = now_ns();
    send_alert(load, link, round);
    uint64_t deadline = load->round_began + ROUND_MOST_S * 1000000000ull;
    while ((load->round_delivered < (uint64_t)load->options.followers || !load->round_acknowledged) &&
           load->loop.lost == 0) {
        if (now_ns() > deadline)
            return false;
        loop_turn(&load->loop, deadline);
    }
    histogram_add(&load->acknowledge_latency, load->round_acknowledged - load->round_began);
    histogram_add(&load->follow_latency, load->round_last - load->round_began);
    load->measured.sent++;
    load->measured.acknowledged++;
    load->measured.delivered += load->round_delivered;
    return true;
}

void fanout_run(struct load *load)
{
    char user[NAME_TEXT], client[NAME_TEXT], token[TOKEN_TEXT];
    struct link link = {.loop = &load->loop, .events = &events, .owner = load};
    size_t ready = load->loop.ready;

    snprintf(client, sizeof client, "%.40s-a", load->options.prefix);
    snprintf(user, sizeof user, "agency/%.40s", load->options.prefix);
    struct link_identity identity = load_identity(load, client, user, token);
    link_open(&link, load->options.host, load->options.port, &identity);
    while (load->loop.ready == ready && load->loop.lost == 0)
        loop_turn(&load->loop, now_ns() + 1000000000u);
    for (long round = 0; round < load->options.rounds; round++) {
        if (!run_round(load, &link, round)) {
            fprintf(stderr, "bench_load: round %ld reached %llu of %ld followers\n", round,
                (unsigned long long)load->round_delivered, load->options.followers);
            break;
        }
        for (uint64_t until = now_ns() + PAUSE_MS * 1000000ull; now_ns() < until;)
            loop_turn(&load->loop, until);
    }
    link_close(&link);
}
