/* Publishers: each with a window of unanswered publishes. Open-loop, a publish has its due time from the
 * schedule, and its latency counts from there, also when it had to wait for a free place in the window. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/load/load.h"

enum { HEAD_ROOM = 64 };

/* Each publisher has its own part of the channels and goes round in it; when there are more publishers than
 * channels, they share. */
static long channel_of(const struct publisher *publisher)
{
    const struct load_options *options = &publisher->load->options;
    long part = options->channels / options->publishers;

    if (part <= 1)
        return publisher->index % options->channels;
    return publisher->index * part + (long)(publisher->number % (uint64_t)part);
}

static void send_publish(struct publisher *publisher, uint16_t packet_id, uint64_t due)
{
    struct load *load = publisher->load;
    const struct load_options *options = &load->options;
    size_t batch = (size_t)options->batch;
    uint32_t tag[LIMIT_BATCH_EVENTS];
    struct event_source source = {.publisher = publisher->index,
        .channel = channel_of(publisher),
        .session = publisher->session,
        .seq = publisher->seq,
        .number = publisher->number};
    struct mqtt_publish publish = {.qos = (uint8_t)options->qos, .packet_id = packet_id};

    source.position = load->positions[source.channel];
    for (size_t i = 0; i < batch; i++)
        tag[i] = tags_take(&load->tags, (uint16_t)publisher->index, due);
    if (packet_id)
        publisher->flights[packet_id - 1] = (struct flight){due, tag[0]};
    arena_init(&load->arena, load->arena_room, sizeof load->arena_room);
    struct bytes payload = event_payload(options, &load->tags, &source, tag, batch, &load->arena);
    publish.topic =
        options->format == FORMAT_MOTION ? TEXT("nb/v1/motion") : text_of(load->topics[source.channel]);
    struct mqtt_writer writer = {link_reserve(&publisher->link, HEAD_ROOM + payload.len), HEAD_ROOM, 0};
    mqtt_encode_publish_head(&writer, MQTT_5, &publish, payload.len, NULL, 0);
    memcpy(writer.data + writer.len, payload.data, payload.len);
    link_wrote(&publisher->link, writer.len + payload.len);
    arena_free(&load->arena);
    publisher->seq += batch;
    publisher->number++;
    load->all.sent += batch;
    if (load->measuring)
        load->measured.sent += batch;
}

static bool finished(const struct load *load)
{
    return !load->publishing || (load->options.events && load->all.sent >= (uint64_t)load->options.events);
}

static void publish_or_queue(struct publisher *publisher, uint64_t due)
{
    if (publisher->load->options.qos == 0) {
        send_publish(publisher, 0, due);
        return;
    }
    if (publisher->free_count) {
        send_publish(publisher, publisher->free[--publisher->free_count], due);
        return;
    }
    if (publisher->backlog_count == publisher->backlog_room) {
        size_t room = publisher->backlog_room ? publisher->backlog_room * 2 : 1024;
        uint64_t *backlog = malloc(room * sizeof *backlog);
        if (!backlog)
            abort();
        for (size_t i = 0; i < publisher->backlog_count; i++)
            backlog[i] = publisher->backlog[(publisher->backlog_first + i) % publisher->backlog_room];
        free(publisher->backlog);
        publisher->backlog = backlog;
        publisher->backlog_first = 0;
        publisher->backlog_room = room;
    }
    size_t last = (publisher->backlog_first + publisher->backlog_count++) % publisher->backlog_room;
    publisher->backlog[last] = due;
}

static void count_answer(struct load *load, const struct mqtt_ack *ack, const struct flight *flight)
{
    uint64_t batch = (uint64_t)load->options.batch;
    struct text name, value;
    size_t offset = 0;
    uint64_t refused = ack->reason >= 0x80 ? batch : 0;

    while (
        !refused && ack->properties.raw.len && mqtt_user_property(&ack->properties, &offset, &name, &value))
        refused += text_equal(name, TEXT("refused"));
    if (refused && load->all.refused == 0)
        fprintf(stderr, "bench_load: refused with 0x%02x: %.*s\n", ack->reason,
            (int)ack->properties.reason_string.len, ack->properties.reason_string.data);
    load->all.refused += refused;
    load->all.acknowledged += batch - refused;
    for (uint64_t i = 0; i < batch && !refused; i++)
        load->tags.acknowledged[(flight->tag + i) % TAG_COUNT] = 1;
    if (!load->measuring)
        return;
    load->measured.acknowledged += batch - refused;
    histogram_add(&load->acknowledge_latency, load->loop.now - flight->due);
}

static void on_packet(struct link *link, const struct mqtt_packet *packet)
{
    struct publisher *publisher = link->owner;
    struct load *load = publisher->load;

    if (packet->type == MQTT_DISCONNECT) {
        fprintf(stderr, "bench_load: publisher disconnected with 0x%02x\n", packet->ack.reason);
        return;
    }
    if (packet->type != MQTT_PUBACK || packet->ack.packet_id < 1 || packet->ack.packet_id > publisher->window)
        return;
    count_answer(load, &packet->ack, &publisher->flights[packet->ack.packet_id - 1]);
    publisher->free[publisher->free_count++] = packet->ack.packet_id;
    if (publisher->backlog_count) {
        uint64_t due = publisher->backlog[publisher->backlog_first];
        publisher->backlog_first = (publisher->backlog_first + 1) % publisher->backlog_room;
        publisher->backlog_count--;
        publish_or_queue(publisher, due);
    } else if (load->due_step == 0 && !load->options.paced && !finished(load)) {
        publish_or_queue(publisher, load->loop.now);
    }
}

void publisher_delivered(struct load *load, uint16_t publisher)
{
    if (load->options.paced && load->due_step == 0 && !finished(load))
        publish_or_queue(&load->publishers[publisher], load->loop.now);
}

/* Closed-loop at QoS 0: nothing answers, so the next window goes when the kernel has taken the one before. */
static void on_written(struct link *link)
{
    struct publisher *publisher = link->owner;
    struct load *load = publisher->load;

    if (load->options.qos > 0 || load->due_step || load->options.paced)
        return;
    for (long i = 0; i < load->options.window && !finished(load); i++)
        publish_or_queue(publisher, load->loop.now);
}

static void on_ready(struct link *link)
{
    struct publisher *publisher = link->owner;

    if (publisher->window > link->receive_maximum) {
        publisher->window = link->receive_maximum;
        publisher->free_count = publisher->window;
    }
}

static const struct link_events events = {.ready = on_ready, .packet = on_packet, .written = on_written};

static void open_publisher(struct load *load, long index)
{
    struct publisher *publisher = &load->publishers[index];
    char user[NAME_TEXT], client[NAME_TEXT], token[TOKEN_TEXT];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *publisher = (struct publisher){.link = {.loop = &load->loop, .events = &events, .owner = publisher},
        .load = load,
        .index = index,
        .session = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
        .seq = 1,
        .window = (uint16_t)(load->due_step ? 60000 : load->options.window)};
    publisher->flights = calloc(publisher->window, sizeof *publisher->flights);
    publisher->free = calloc(publisher->window, sizeof *publisher->free);
    if (!publisher->flights || !publisher->free)
        abort();
    publisher->free_count = publisher->window;
    for (uint16_t i = 0; i < publisher->window; i++)
        publisher->free[i] = (uint16_t)(i + 1);
    snprintf(client, sizeof client, "%.40s-p%ld", load->options.prefix, index);
    snprintf(user, sizeof user, "%s/%.40s-%ld", load->options.devices ? "edge" : "device",
        load->options.prefix, index);
    struct link_identity identity = load_identity(load, client, user, token);
    link_open(&publisher->link, load->options.host, load->options.port, &identity);
}

void load_connect_publishers(struct load *load)
{
    size_t ready = load->loop.ready;
    long next = 0, count = load->options.publishers;

    load->publishers = calloc((size_t)count + 1, sizeof *load->publishers);
    while (load->loop.ready < ready + (size_t)count && load->loop.lost == 0) {
        while (next < count && load->loop.opening < OPENING_MOST)
            open_publisher(load, next++);
        loop_turn(&load->loop, now_ns() + 1000000000u);
    }
}

void publishers_start(struct load *load)
{
    for (long i = 0; i < load->options.publishers; i++)
        for (long n = 0; n < load->options.window && !finished(load); n++)
            publish_or_queue(&load->publishers[i], load->loop.now);
}

void load_run(struct load *load, uint64_t until)
{
    for (uint64_t now = now_ns(); now < until && load->loop.lost == 0; now = now_ns()) {
        while (load->due_step && load->next_due <= now && !finished(load)) {
            publish_or_queue(&load->publishers[load->next_publisher], load->next_due);
            load->next_publisher = (load->next_publisher + 1) % load->options.publishers;
            load->next_due += load->due_step;
        }
        if (load->options.events &&
            load->all.acknowledged + load->all.refused >= (uint64_t)load->options.events)
            return;
        loop_turn(&load->loop, load->due_step && load->next_due < until ? load->next_due : until);
    }
}
