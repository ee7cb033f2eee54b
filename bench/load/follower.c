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
    if (load->tags.delivered[tag] == load->options.followers)
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

/* All channels: by their cells of precision 4, 32 channels each. A session follows at most 512 channels, so a
 * follower of more is several connections, each with its part. */
enum { CELLS_A_SESSION = 12, CHANNELS_A_CELL = 32 };

static long cell_count(const struct load *load)
{
    return (load->options.channels + CHANNELS_A_CELL - 1) / CHANNELS_A_CELL;
}

static size_t cell_filters(const struct load *load, long part, char room[][NAME_TEXT])
{
    size_t count = 0;
    char channel[CHANNEL_TEXT];

    for (long cell = part; cell < cell_count(load); cell += load->follower_parts) {
        channel_name(cell * CHANNELS_A_CELL, channel);
        snprintf(room[count++], NAME_TEXT, "nb/v1/cell/%.4s/activity/#", channel);
    }
    return count;
}

static void on_ready(struct link *link)
{
    struct follower *follower = link->owner;
    struct load *load = follower->load;
    char room[CELLS_A_SESSION][NAME_TEXT], leaf[CHANNEL_TEXT];
    const char *filters[CELLS_A_SESSION];
    size_t count = 1;

    if (load->options.format == FORMAT_JSON) {
        snprintf(room[0], NAME_TEXT, "feed/#");
    } else if (load->options.format == FORMAT_RELAY) {
        snprintf(room[0], NAME_TEXT, "%s", load->options.fanout ? "alert" : "relay/#");
    } else if (load->options.near_filters) {
        leaf_name(follower->index % load->options.places, leaf);
        snprintf(room[0], NAME_TEXT, "nb/v1/near/%s/1600/#", leaf);
    } else {
        count = cell_filters(load, follower->index % load->follower_parts, room);
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
    bool cells = load->options.format == FORMAT_MOTION && !load->options.near_filters;
    load->follower_parts = cells ? (cell_count(load) + CELLS_A_SESSION - 1) / CELLS_A_SESSION : 1;
    load->follower_links = load->options.followers * load->follower_parts;
    long next = 0, count = load->follower_links;

    load->followers = calloc((size_t)count + 1, sizeof *load->followers);
    while (load->subscribed < count && load->loop.lost == 0) {
        while (next < count && load->loop.opening < OPENING_MOST)
            open_follower(load, next++);
        loop_turn(&load->loop, now_ns() + 1000000000u);
    }
}
