/* Followers: each item that comes is known by its tag, and counted once. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/load/load.h"

static void count_item(struct follower *follower, uint32_t tag, size_t count)
{
    struct load *load = follower->load;

    for (size_t i = 0; i < count; i++) {
        uint32_t one = (tag + (uint32_t)i) % TAG_COUNT;
        if (load->tags.delivered[one] < 255)
            load->tags.delivered[one]++;
        if (load->measuring)
            histogram_add(&load->follow_latency, load->loop.now - load->tags.sent[one]);
    }
    load->all.delivered += count;
    publisher_delivered(load, load->tags.publisher[tag]);
    if (load->measuring)
        load->measured.delivered += count;
}

static void on_item(struct follower *follower, const struct mqtt_publish *publish)
{
    struct load *load = follower->load;
    size_t count = 1;

    if (publish->qos)
        link_acknowledge(&follower->link, publish->packet_id);
    load->all.delivered_bytes += publish->payload.len;
    follower->received++;
    if (load->options.fanout) {
        load->round_delivered++;
        load->round_last = load->loop.now;
        return;
    }
    arena_init(&load->arena, load->arena_room, sizeof load->arena_room);
    uint32_t tag = event_tag(&load->options, &load->tags, publish->payload, &load->arena, &count);
    arena_free(&load->arena);
    if (tag >= TAG_COUNT)
        load->unknown++;
    else
        count_item(follower, tag, count);
}

static void on_packet(struct link *link, const struct mqtt_packet *packet)
{
    struct follower *follower = link->owner;

    if (packet->type == MQTT_PUBLISH) {
        on_item(follower, &packet->publish);
    } else if (packet->type == MQTT_SUBACK) {
        for (size_t i = 0; i < packet->filters.list.len; i++) {
            if (packet->filters.list.data[i] >= 0x80) {
                fprintf(stderr, "bench_load: filter refused with 0x%02x\n", packet->filters.list.data[i]);
                exit(2);
            }
        }
        follower->subscribed = true;
        follower->load->subscribed++;
    } else if (packet->type == MQTT_DISCONNECT) {
        fprintf(stderr, "bench_load: follower disconnected with 0x%02x\n", packet->ack.reason);
    }
}

/* All channels: by their cells of precision 4, 32 channels each. */
static size_t cell_filters(const struct load *load, char room[][NAME_TEXT])
{
    size_t count = (size_t)(load->options.channels + 31) / 32;
    char channel[CHANNEL_TEXT];

    for (size_t i = 0; i < count; i++) {
        channel_name((long)i * 32, channel);
        snprintf(room[i], NAME_TEXT, "nb/v1/cell/%.4s/activity/#", channel);
    }
    return count;
}

static void on_ready(struct link *link)
{
    enum { FILTERS = 32 };
    struct follower *follower = link->owner;
    struct load *load = follower->load;
    char room[FILTERS][NAME_TEXT], leaf[CHANNEL_TEXT];
    const char *filters[FILTERS];
    size_t count = 1;

    if (load->options.format == FORMAT_JSON) {
        snprintf(room[0], NAME_TEXT, "feed/#");
    } else if (load->options.format == FORMAT_RELAY) {
        snprintf(room[0], NAME_TEXT, "%s", load->options.fanout ? "alert" : "relay/#");
    } else if (load->options.near_filters) {
        leaf_name(follower->index % load->options.places, leaf);
        snprintf(room[0], NAME_TEXT, "nb/v1/near/%s/1600/#", leaf);
    } else {
        count = cell_filters(load, room);
    }
    for (size_t i = 0; i < count; i++)
        filters[i] = room[i];
    link_subscribe(link, filters, count, (uint8_t)load->options.follow_qos);
}

static const struct link_events events = {.ready = on_ready, .packet = on_packet};

static void open_follower(struct load *load, long index)
{
    struct follower *follower = &load->followers[index];
    char user[NAME_TEXT], client[NAME_TEXT], token[TOKEN_TEXT];

    *follower = (struct follower){
        .link = {.loop = &load->loop, .events = &events, .owner = follower}, .load = load, .index = index};
    snprintf(client, sizeof client, "%.40s-f%ld", load->options.prefix, index);
    snprintf(user, sizeof user, "user/%.40s-f%ld", load->options.prefix, index);
    struct link_identity identity = load_identity(load, client, user, token);
    link_open(&follower->link, load->options.host, load->options.port, &identity);
}

void load_connect_followers(struct load *load)
{
    long next = 0, count = load->options.followers;

    load->followers = calloc((size_t)count + 1, sizeof *load->followers);
    while (load->subscribed < count && load->loop.lost == 0) {
        while (next < count && load->loop.opening < OPENING_MOST)
            open_follower(load, next++);
        loop_turn(&load->loop, now_ns() + 1000000000u);
    }
}
