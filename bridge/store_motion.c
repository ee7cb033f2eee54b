/* Motion: what arrives in one turn is gathered into sections (one sender and session, one repeat check) of
 * groups (one household and leaf cell, one entry of its log), and sections into calls of at most CALL_EVENTS
 * events. While CALLS_IN_FLIGHT are unanswered the rest waits and so grows into larger sections and calls: a
 * group commit that adapts to the load. scripts/motion.lua reads what pack_section writes. */
#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/store_inside.h"

enum { CALL_EVENTS = 64, CALLS_IN_FLIGHT = 8, STATE_KEYS = 4096, NONCE = 8, FIELD_MOST = 60, DIGEST = 16 };

/* One store_motion call within a section: its events are [first, first + count). */
struct member {
    struct member *next;
    store_motion_done *done;
    void *arg;
    unsigned first, count;
};

/* The events of a section that lie in one leaf cell and belong into one household's log. */
struct group {
    struct group *next;
    char channel[13], leaf[13];
    uint16_t kinds;
    unsigned count, published;
    uint8_t indexes[CALL_EVENTS]; /* of the events in the section */
    char publish[CALL_EVENTS];    /* '1' or '0' */
    struct buffer household, log, records;
};

struct section {
    struct section *next;
    struct buffer names; /* sender, NUL, instance */
    size_t sender_len;
    uint64_t session;
    uint16_t qos2_packet;
    struct group *groups, *last_group;
    struct member *members, *last_member;
    unsigned count, group_count;
    uint64_t numbers[CALL_EVENTS];
};

static void group_free(struct group *group)
{
    buffer_free(&group->household);
    buffer_free(&group->log);
    buffer_free(&group->records);
    free(group);
}

static void section_free(struct section *section)
{
    struct group *next;
    for (struct group *group = section->groups; group; group = next) {
        next = group->next;
        group_free(group);
    }
    buffer_free(&section->names);
    free(section);
}

/* ---- gathering ---- */

static bool same_section(const struct section *section, const struct store_motion *m)
{
    return section->session == m->session && section->sender_len == m->sender.len &&
           section->names.len == m->sender.len + 1 + m->instance.len &&
           memcmp(section->names.data, m->sender.data, m->sender.len) == 0 &&
           (m->instance.len == 0 ||
               memcmp(section->names.data + m->sender.len + 1, m->instance.data, m->instance.len) == 0);
}

static struct section *section_new(const struct store_motion *m)
{
    struct section *section = store_alloc(sizeof(*section));
    buffer_put(&section->names, m->sender.data, m->sender.len);
    buffer_number(&section->names, 0, 1);
    buffer_put(&section->names, m->instance.data, m->instance.len);
    section->sender_len = m->sender.len;
    section->session = m->session;
    section->qos2_packet = m->qos2_packet;
    return section;
}

/* The gathered section that the motion joins, or a new one behind the others. A packet of QoS 2 stands alone:
 * it is new or known as a whole. */
static struct section *section_for(struct store *store, const struct store_motion *m)
{
    uint32_t hash = hash_of(m->sender.data, m->sender.len) * 31 + hash_of(m->instance.data, m->instance.len);
    struct section **slot = &store->motion.slots[(hash ^ hash >> 16) % SECTION_SLOTS];
    struct section *section = *slot;
    if (!m->qos2_packet && section && section->count + m->count <= CALL_EVENTS && same_section(section, m))
        return section;
    section = section_new(m);
    if (store->motion.last)
        store->motion.last->next = section;
    else
        store->motion.first = section;
    store->motion.last = section;
    if (!m->qos2_packet)
        *slot = section;
    return section;
}

static bool same_group(const struct group *group, const struct store_motion *m)
{
    return strcmp(group->leaf, m->leaf) == 0 && strcmp(group->channel, m->channel) == 0 &&
           group->household.len == m->household.len &&
           (m->household.len == 0 || memcmp(group->household.data, m->household.data, m->household.len) == 0);
}

static struct group *group_for(struct section *section, const struct store_motion *m)
{
    for (struct group *group = section->groups; group; group = group->next) {
        if (same_group(group, m))
            return group;
    }
    struct group *group = store_alloc(sizeof(*group));
    memcpy(group->channel, m->channel, sizeof(group->channel));
    memcpy(group->leaf, m->leaf, sizeof(group->leaf));
    buffer_put(&group->household, m->household.data, m->household.len);
    if (section->last_group)
        section->last_group->next = group;
    else
        section->groups = group;
    section->last_group = group;
    section->group_count++;
    return group;
}

static void add_event(struct section *section, struct group *group, const struct store_motion_event *event)
{
    assert(event->record.len <= 255);
    group->indexes[group->count] = (uint8_t)section->count;
    group->publish[group->count] = event->publish ? '1' : '0';
    group->count++;
    section->numbers[section->count++] = event->seq;
    buffer_number(&group->log, event->record.len, 1);
    buffer_put(&group->log, event->record.data, event->record.len);
    if (event->publish) {
        group->published++;
        group->kinds |= (uint16_t)(1 << (event->activity[2] & 15));
        buffer_put(&group->records, event->activity, ACTIVITY_RECORD);
    }
}

void store_motion(struct store *store, const struct store_motion *motion, store_motion_done *done, void *arg)
{
    assert(motion->count >= 1 && motion->count <= CALL_EVENTS);
    struct section *section = section_for(store, motion);
    struct group *group = group_for(section, motion);
    struct member *member = store_alloc(sizeof(*member));
    *member =
        (struct member){.done = done, .arg = arg, .first = section->count, .count = (unsigned)motion->count};
    if (section->last_member)
        section->last_member->next = member;
    else
        section->members = member;
    section->last_member = member;
    for (size_t i = 0; i < motion->count; i++)
        add_event(section, group, &motion->events[i]);
}

/* ---- packing ---- */

/* Sender and instance, by name where the name is short, so that hashes stay packed in memory. */
static void put_field(struct buffer *out, const struct buffer *names)
{
    if (names->len <= FIELD_MOST) {
        buffer_sized(out, names->data, names->len);
        return;
    }
    uint8_t digest[1 + EVP_MAX_MD_SIZE] = {0xff};
    EVP_Digest(names->data, names->len, digest + 1, NULL, EVP_sha256(), NULL);
    buffer_sized(out, digest, 1 + DIGEST);
}

static int numbering(const struct section *section)
{
    bool any = false, run = true;
    for (unsigned i = 0; i < section->count; i++) {
        any = any || section->numbers[i];
        run = run && section->numbers[i] && section->numbers[i] == section->numbers[0] + i;
    }
    return !any ? 0 : run ? 1 : 2;
}

static void put_numbers(struct buffer *out, const struct section *section, int how)
{
    char key[32];
    uint32_t hash = hash_of(section->names.data, section->names.len);
    int len = snprintf(key, sizeof(key), "nb:{q%03x}:seq", (hash ^ hash >> 16) % STATE_KEYS);
    buffer_number(out, section->session, 8);
    buffer_number(out, section->numbers[0], 8);
    buffer_sized(out, key, (size_t)len);
    put_field(out, &section->names);
    if (how == 2) {
        buffer_number(out, section->count * 8, 2);
        for (unsigned i = 0; i < section->count; i++)
            buffer_number(out, section->numbers[i], 8);
    }
}

static void put_packet(struct buffer *out, const struct section *section)
{
    struct buffer key = {0};
    const char *names = (const char *)section->names.data;
    struct session_name name = {{names, section->sender_len},
        {names + section->sender_len + 1, section->names.len - section->sender_len - 1}};
    session_key(&key, name, "q2:");
    buffer_number(out, key.len, 4); /* a client id may be as long as MQTT has it */
    buffer_put(out, key.data, key.len);
    buffer_number(out, section->qos2_packet, 2);
    buffer_free(&key);
}

static const uint8_t *next_nonce(struct store *store)
{
    if (store->motion.nonces_used + NONCE > NONCES) {
        if (getrandom(store->motion.nonces, NONCES, 0) != NONCES)
            abort();
        store->motion.nonces_used = 0;
    }
    store->motion.nonces_used += NONCE;
    return store->motion.nonces + store->motion.nonces_used - NONCE;
}

static void put_short(struct buffer *out, struct text text)
{
    buffer_number(out, text.len, 1);
    buffer_put(out, text.data, text.len);
}

/* The first part of what waits in the pending set: scripts/release.lua reads it. Random, so that what is
 * sorted by it says nothing of who was first. */
static void put_pending(struct store *store, struct buffer *out, const struct group *group)
{
    if (store->options.release_delay_ms <= 0) {
        buffer_number(out, 0, 2);
        return;
    }
    struct text leaf = text_of(group->leaf), channel = text_of(group->channel);
    buffer_number(out, NONCE + 2 + 3 + group->household.len + leaf.len + channel.len, 2);
    buffer_put(out, next_nonce(store), NONCE);
    buffer_number(out, group->kinds, 2);
    put_short(out, (struct text){(const char *)group->household.data, group->household.len});
    put_short(out, leaf);
    put_short(out, channel);
}

static void pack_group(struct store *store, struct buffer *out, const struct group *group)
{
    char key[KEY];
    struct text household = {(const char *)group->household.data, group->household.len};
    int publishing = group->published == 0 ? 0 : group->published == group->count ? 1 : 2;
    put_short(out, (struct text){(const char *)group->indexes, group->count});
    buffer_sized(out, key, (size_t)region_key(key, group->channel, "log:", household));
    buffer_sized(out, group->log.data, group->log.len);
    buffer_number(out, (uint64_t)publishing, 1);
    if (!publishing)
        return;
    if (publishing == 2)
        put_short(out, (struct text){group->publish, group->count});
    buffer_number(out, group->kinds, 2);
    put_short(out, text_of(group->channel));
    put_short(out, text_of(group->leaf));
    put_pending(store, out, group);
    buffer_sized(out, group->records.data, group->records.len);
}

static void pack_section(struct store *store, struct buffer *out, const struct section *section)
{
    int how = numbering(section);
    buffer_number(out, section->count, 1);
    buffer_number(out, section->group_count, 1);
    buffer_number(out, (uint64_t)how, 1);
    buffer_number(out, section->qos2_packet != 0, 1);
    if (how)
        put_numbers(out, section, how);
    if (section->qos2_packet)
        put_packet(out, section);
    for (const struct group *group = section->groups; group; group = group->next)
        pack_group(store, out, group);
}

static void pack_head(const struct store *store, struct buffer *out)
{
    const struct store_redis_options *options = &store->options;
    int64_t now = options->now(), delay = options->release_delay_ms;
    int64_t cutoff = now - options->release_verified_ms;
    buffer_number(out, delay <= 0, 1);
    buffer_number(out, delay > 0 ? (uint64_t)(now / delay) : 0, 8);
    buffer_number(out, (uint64_t)options->release_households, 4);
    buffer_number(out, cutoff > 0 ? (uint64_t)cutoff : 0, 8);
}

/* ---- sending and answers ---- */

static uint64_t event_mask(uint64_t mask, unsigned first, unsigned count)
{
    mask >>= first;
    return count < 64 ? mask & ((UINT64_C(1) << count) - 1) : mask;
}

/* Tells each caller of the section its part, and ends the section. */
static void answer_section(
    struct store *store, struct section *section, const struct store_motion_result *whole)
{
    if (whole->status == STORE_OK && !whole->session_old) {
        unsigned left_out = (unsigned)__builtin_popcountll(whole->too_old);
        unsigned repeated = (unsigned)__builtin_popcountll(whole->repeated);
        store->counters.events_repeated += repeated;
        store->counters.events_stored += section->count - left_out - repeated;
    }
    struct member *next;
    for (struct member *member = section->members; member; member = next) {
        struct store_motion_result part = *whole;
        part.too_old = event_mask(whole->too_old, member->first, member->count);
        part.repeated = event_mask(whole->repeated, member->first, member->count);
        next = member->next;
        if (member->done)
            member->done(member->arg, &part);
        free(member);
    }
    section_free(section);
}

/* Reads one section's verdict; returns how many bytes it took, 0 when it cannot be read. */
static size_t read_verdict(struct bytes answer, struct store_motion_result *result)
{
    *result = (struct store_motion_result){.status = STORE_OK};
    if (answer.len >= 1 && answer.data[0] == '0')
        return 1;
    if (answer.len >= 17 && answer.data[0] == '1') {
        result->too_old = packed_number(answer.data + 1, 8);
        result->repeated = packed_number(answer.data + 9, 8);
        return 17;
    }
    if (answer.len >= 9 && answer.data[0] == '2') {
        result->session_old = true;
        result->current_session = packed_number(answer.data + 1, 8);
        return 9;
    }
    result->status = STORE_FAILED;
    return 0;
}

static void on_motion(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct section *next;
    struct bytes answer = reply_bytes(reply);
    store->motion.in_flight--;
    for (struct section *section = arg; section; section = next) {
        struct store_motion_result result = {.status = status};
        if (status == STORE_OK) {
            size_t used = read_verdict(answer, &result);
            answer = (struct bytes){answer.data + used, answer.len - used};
        }
        next = section->next;
        answer_section(store, section, &result);
    }
    if (status == STORE_OK && answer.len == 4) {
        store->counters.activity_unshared += packed_number(answer.data, 2);
        store->counters.activity_below_k += packed_number(answer.data + 2, 2);
    }
    if (!store->ending)
        motion_flush(store);
}

/* Takes sections of at most CALL_EVENTS events off the list and sends them in one call. */
static void send_some(struct store *store)
{
    struct buffer packed = {0}, command = {0};
    struct section *first = store->motion.first, *last = NULL;
    unsigned events = 0;
    pack_head(store, &packed);
    for (struct section *section = first; section && events + section->count <= CALL_EVENTS;
         section = section->next) {
        pack_section(store, &packed, section);
        events += section->count;
        last = section;
    }
    store->motion.first = last->next;
    if (!last->next)
        store->motion.last = NULL;
    last->next = NULL;
    memset(store->motion.slots, 0, sizeof(store->motion.slots));
    command_function(&command, "nb_motion", 0, 1);
    command_bytes(&command, packed.data, packed.len);
    buffer_free(&packed);
    store->motion.in_flight++;
    store_send(store, &command, on_motion, first);
}

void motion_flush(struct store *store)
{
    while (store->motion.first && store->motion.in_flight < CALLS_IN_FLIGHT)
        send_some(store);
}

void motion_free(struct store *store)
{
    struct section *next, *first = store->motion.first;
    store->motion.first = store->motion.last = NULL;
    memset(store->motion.slots, 0, sizeof(store->motion.slots));
    for (struct section *section = first; section; section = next) {
        next = section->next;
        answer_section(store, section, &(struct store_motion_result){.status = STORE_GONE});
    }
}
