/* QoS 2 packet ids in the store: scripts/packet.lua says how they are kept in two places, and in which order.
 */
#include <stdlib.h>

#include "bridge/store_inside.h"

/* Regions stand in a row, two hexadecimal digits each. */
enum { DIGITS = 2 };

void packet_region_key(struct buffer *out, uint8_t region, struct session_name name)
{
    char key[KEY];
    buffer_put(out, key, (size_t)region_tag_key(key, region, "q2:"));
    buffer_put(out, name.principal.data, name.principal.len);
    buffer_put(out, "/", 1);
    buffer_put(out, name.client.data, name.client.len);
}

static void put_region_key(struct command *command, uint8_t region, struct session_name name)
{
    struct buffer key = {0};
    packet_region_key(&key, region, name);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

static void put_session_keys(struct command *command, struct session_name name)
{
    static const char *const parts[] = {"s:", "q2:"};
    struct buffer key = {0};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        session_key(&key, name, parts[i]);
        command_bytes(command, key.data, key.len);
    }
    buffer_free(&key);
}

/* A session's name, for as long as its steps take. */
struct kept_name {
    struct buffer names;
    size_t principal_len;
};

static struct kept_name name_keep(struct session_name name)
{
    struct kept_name kept = {.principal_len = name.principal.len};
    buffer_put(&kept.names, name.principal.data, name.principal.len);
    buffer_put(&kept.names, name.client.data, name.client.len);
    return kept;
}

static struct session_name name_of(const struct kept_name *kept)
{
    const char *text = (const char *)kept->names.data;
    return (struct session_name){
        {text, kept->principal_len}, {text + kept->principal_len, kept->names.len - kept->principal_len}};
}

/* ---- where a packet is going to be ---- */

struct note {
    packet_noted *done;
    void *arg;
};

static void on_note(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct note *note = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    note->done(store, note->arg, status, (uint64_t)reply_number(reply_at(reply, 1)));
    free(note);
}

void packet_note(struct store *store, struct session_name name, uint64_t generation, uint16_t packet_id,
    uint8_t region, packet_noted *done, void *arg)
{
    struct command command = {0};
    struct note *note = store_alloc(sizeof(*note));
    char tag[DIGITS + 1];
    *note = (struct note){done, arg};
    bytes_to_hex(tag, &region, 1);
    command_function(&command, "nb_packet_note", 2, 3);
    put_session_keys(&command, name);
    command_number(&command, (int64_t)generation);
    command_number(&command, packet_id);
    command_text(&command, tag);
    store_send(store, &command, on_note, note);
}

/* ---- whoever opens a session claims what is known of its packets ---- */

struct claim {
    packets_claimed *done;
    void *arg;
    struct kept_name name;
    uint64_t generation, born;
    size_t waiting; /* regions that did not answer yet */
    enum store_status status;
    size_t count, stored_count;
    uint16_t *noted, *stored;
};

static void finish_claim(struct store *store, struct claim *claim)
{
    claim->done(store, claim->arg, claim->status, claim->stored, claim->stored_count);
    buffer_free(&claim->name.names);
    free(claim->noted);
    free(claim->stored);
    free(claim);
}

static void on_forgotten(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct claim *claim = arg;
    claim->status = status == STORE_OK ? (enum store_status)reply_number(reply) : status;
    finish_claim(store, claim);
}

static bool is_stored(const struct claim *claim, uint16_t packet_id)
{
    for (size_t i = 0; i < claim->stored_count; i++) {
        if (claim->stored[i] == packet_id)
            return true;
    }
    return false;
}

/* The session names no longer what is nowhere stored. */
static void forget_others(struct store *store, struct claim *claim)
{
    struct command command = {0};
    size_t others = 0;
    for (size_t i = 0; i < claim->count; i++)
        others += !is_stored(claim, claim->noted[i]);
    if (claim->status != STORE_OK || others == 0) {
        finish_claim(store, claim);
        return;
    }
    command_function(&command, "nb_packet_forget", 2, 1 + others);
    put_session_keys(&command, name_of(&claim->name));
    command_number(&command, (int64_t)claim->generation);
    for (size_t i = 0; i < claim->count; i++) {
        if (!is_stored(claim, claim->noted[i]))
            command_number(&command, claim->noted[i]);
    }
    store_send(store, &command, on_forgotten, claim);
}

static void on_claimed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct claim *claim = arg;
    const redisReply *here = reply_at(reply, 1);
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status != STORE_OK)
        claim->status = status;
    for (size_t i = 0; i < reply_count(here); i++) {
        uint16_t packet_id = (uint16_t)reply_number(reply_at(here, i));
        if (!is_stored(claim, packet_id) && claim->stored_count < claim->count)
            claim->stored[claim->stored_count++] = packet_id;
    }
    if (--claim->waiting == 0)
        forget_others(store, claim);
}

static bool may_be_in(const redisReply *regions, uint8_t region)
{
    struct text tags = reply_text(regions);
    char tag[DIGITS + 1];
    bytes_to_hex(tag, &region, 1);
    for (size_t at = 0; at + DIGITS <= tags.len; at += DIGITS) {
        if (memcmp(tags.data + at, tag, DIGITS) == 0)
            return true;
    }
    return false;
}

/* Asks the region, if any packet may be there. */
static void claim_region(struct store *store, struct claim *claim, uint8_t region, const redisReply *noted)
{
    struct command command = {0};
    size_t count = 0;
    for (size_t i = 0; i < claim->count; i++)
        count += may_be_in(reply_at(noted, 2 * i + 1), region);
    if (count == 0)
        return;
    command_function(&command, "nb_packet_claim", 1, 2 + count);
    put_region_key(&command, region, name_of(&claim->name));
    command_number(&command, (int64_t)claim->generation);
    command_number(&command, (int64_t)claim->born);
    for (size_t i = 0; i < claim->count; i++) {
        if (may_be_in(reply_at(noted, 2 * i + 1), region))
            command_number(&command, claim->noted[i]);
    }
    claim->waiting++;
    store_send(store, &command, on_claimed, claim);
}

void packets_claim(struct store *store, struct session_name name, uint64_t generation, uint64_t born,
    const redisReply *noted, packets_claimed *done, void *arg)
{
    struct claim *claim = store_alloc(sizeof(*claim));
    *claim = (struct claim){.done = done,
        .arg = arg,
        .name = name_keep(name),
        .generation = generation,
        .born = born,
        .count = reply_count(noted) / 2};
    claim->noted = store_alloc(claim->count * sizeof(*claim->noted));
    claim->stored = store_alloc(claim->count * sizeof(*claim->stored));
    for (size_t i = 0; i < claim->count; i++)
        claim->noted[i] = (uint16_t)reply_number(reply_at(noted, 2 * i));
    for (unsigned region = 0; region < STORE_REGION_TAGS; region++)
        claim_region(store, claim, (uint8_t)region, noted);
    if (claim->waiting == 0)
        forget_others(store, claim);
}

/* ---- PUBREL: the mark goes first, then the session names it no longer ---- */

struct release {
    store_status_done *done;
    void *arg;
    struct kept_name name;
    uint64_t generation;
    uint16_t packet_id;
    size_t waiting;
    enum store_status status;
};

static void finish_release(struct release *release)
{
    if (release->done)
        release->done(release->arg, release->status);
    buffer_free(&release->name.names);
    free(release);
}

static void on_released(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct release *release = arg;
    release->status = status == STORE_OK ? (enum store_status)reply_number(reply) : status;
    finish_release(release);
}

static void forget_packet(struct store *store, struct release *release)
{
    struct command command = {0};
    if (release->status != STORE_OK) {
        finish_release(release);
        return;
    }
    command_function(&command, "nb_packet_forget", 2, 2);
    put_session_keys(&command, name_of(&release->name));
    command_number(&command, (int64_t)release->generation);
    command_number(&command, release->packet_id);
    store_send(store, &command, on_released, release);
}

static void on_mark_gone(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct release *release = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply);
    if (status != STORE_OK)
        release->status = status;
    if (--release->waiting == 0)
        forget_packet(store, release);
}

static void take_mark(struct store *store, struct release *release, uint8_t region)
{
    struct command command = {0};
    command_function(&command, "nb_packet_release", 1, 2);
    put_region_key(&command, region, name_of(&release->name));
    command_number(&command, (int64_t)release->generation);
    command_number(&command, release->packet_id);
    release->waiting++;
    store_send(store, &command, on_mark_gone, release);
}

static void on_regions(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct release *release = arg;
    release->status = status == STORE_OK ? (enum store_status)reply_number(reply_at(reply, 0)) : status;
    for (unsigned region = 0; release->status == STORE_OK && region < STORE_REGION_TAGS; region++) {
        if (may_be_in(reply_at(reply, 1), (uint8_t)region))
            take_mark(store, release, (uint8_t)region);
    }
    if (release->waiting == 0)
        finish_release(release);
}

void store_qos2_release(struct store *store, struct session_name name, uint64_t generation,
    uint16_t packet_id, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct release *release = store_alloc(sizeof(*release));
    *release = (struct release){
        .done = done, .arg = arg, .name = name_keep(name), .generation = generation, .packet_id = packet_id};
    command_function(&command, "nb_packet_regions", 2, 2);
    put_session_keys(&command, name);
    command_number(&command, (int64_t)generation);
    command_number(&command, packet_id);
    store_send(store, &command, on_regions, release);
}
