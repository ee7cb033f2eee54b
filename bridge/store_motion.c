/* Motion: what arrives in one turn is gathered into groups (same sender, session, household and channel), and
 * groups into calls of at most CALL_EVENTS events. While CALLS_IN_FLIGHT are unanswered the rest waits and so
 * grows into larger calls: a group commit that adapts to the load. scripts/motion.lua reads what pack_group
 * writes. */
#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/store_inside.h"

enum { CALL_EVENTS = 64, CALLS_IN_FLIGHT = 8, BUCKETS = 64, NONCE = 8, FIELD_MOST = 60, DIGEST = 16 };

/* One store_motion call within a group: its events are [first, first + count). */
struct member {
    struct member *next;
    store_motion_done *done;
    void *arg;
    unsigned first, count;
};

struct group {
    struct group *next;
    struct buffer identity; /* what must be equal to join */
    struct member *members, *last_member;
    uint64_t session;
    uint16_t qos2_packet;
    unsigned count, published;
    uint16_t kinds;
    struct text sender, instance, household; /* within identity */
    char channel[13], leaf[13];
    uint64_t numbers[CALL_EVENTS];
    char publish[CALL_EVENTS]; /* '1' or '0' */
    struct buffer log, records;
};

static void group_free(struct group *group)
{
    buffer_free(&group->identity);
    buffer_free(&group->log);
    buffer_free(&group->records);
    free(group);
}

/* ---- gathering ---- */

static void put_identity(struct buffer *identity, const struct store_motion *m)
{
    buffer_sized(identity, m->sender.data, m->sender.len);
    buffer_sized(identity, m->instance.data, m->instance.len);
    buffer_sized(identity, m->household.data, m->household.len);
    buffer_put(identity, m->channel, sizeof(m->channel));
    buffer_put(identity, m->leaf, sizeof(m->leaf));
    buffer_number(identity, m->session, 8);
}

static bool same_group(const struct group *g, const struct store_motion *m)
{
    return g->session == m->session && text_equal(g->sender, m->sender) &&
           text_equal(g->instance, m->instance) && text_equal(g->household, m->household) &&
           strcmp(g->channel, m->channel) == 0 && strcmp(g->leaf, m->leaf) == 0;
}

static struct text identity_part(const struct buffer *identity, size_t *at)
{
    size_t len = packed_number(identity->data + *at, 2);
    struct text part = {(const char *)identity->data + *at + 2, len};
    *at += 2 + len;
    return part;
}

static struct group *group_new(const struct store_motion *m)
{
    struct group *group = malloc(sizeof(*group));
    if (!group)
        abort();
    memset(group, 0, offsetof(struct group, numbers));
    group->log = group->records = (struct buffer){0};
    put_identity(&group->identity, m);
    size_t at = 0;
    group->sender = identity_part(&group->identity, &at);
    group->instance = identity_part(&group->identity, &at);
    group->household = identity_part(&group->identity, &at);
    memcpy(group->channel, m->channel, sizeof(group->channel));
    memcpy(group->leaf, m->leaf, sizeof(group->leaf));
    group->session = m->session;
    group->qos2_packet = m->qos2_packet;
    return group;
}

/* The gathered group that the motion joins, or a new one behind the others. A packet of QoS 2 stands alone:
 * it is new or known as a whole. */
static struct group *group_for(struct store *store, const struct store_motion *m)
{
    uint32_t hash = hash_of(m->sender.data, m->sender.len) ^ hash_of(m->channel, strlen(m->channel)) ^
                    hash_of(m->instance.data, m->instance.len);
    struct group **slot = &store->motion.slots[hash % GROUP_SLOTS];
    struct group *group = *slot;
    if (!m->qos2_packet && group && group->count + m->count <= CALL_EVENTS && same_group(group, m))
        return group;
    group = group_new(m);
    if (store->motion.last)
        store->motion.last->next = group;
    else
        store->motion.first = group;
    store->motion.last = group;
    if (!m->qos2_packet)
        *slot = group;
    return group;
}

static void add_event(struct group *group, const struct store_motion_event *event)
{
    assert(event->record.len <= 255);
    group->numbers[group->count] = event->seq;
    group->publish[group->count] = event->publish ? '1' : '0';
    group->count++;
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
    struct group *group = group_for(store, motion);
    struct member *member = store_alloc(sizeof(*member));
    *member =
        (struct member){.done = done, .arg = arg, .first = group->count, .count = (unsigned)motion->count};
    if (group->last_member)
        group->last_member->next = member;
    else
        group->members = member;
    group->last_member = member;
    for (size_t i = 0; i < motion->count; i++)
        add_event(group, &motion->events[i]);
}

/* ---- packing ---- */

static void put_key(struct buffer *out, const char *geohash, const char *part, struct text rest)
{
    char key[KEY];
    buffer_sized(out, key, (size_t)region_key(key, geohash, part, rest));
}

/* Sender and instance, by name where the name is short, so that hashes stay packed in memory. */
static void put_field(struct buffer *out, const struct group *group)
{
    struct buffer name = {0};
    buffer_put(&name, group->sender.data, group->sender.len);
    buffer_number(&name, 0, 1);
    buffer_put(&name, group->instance.data, group->instance.len);
    if (name.len <= FIELD_MOST) {
        buffer_sized(out, name.data, name.len);
    } else {
        uint8_t digest[EVP_MAX_MD_SIZE] = {0};
        EVP_Digest(name.data, name.len, digest + 1, NULL, EVP_sha256(), NULL);
        digest[0] = 0xff;
        buffer_sized(out, digest, 1 + DIGEST);
    }
    buffer_free(&name);
}

static int numbering(const struct group *group)
{
    bool any = false, run = true;
    for (unsigned i = 0; i < group->count; i++) {
        any = any || group->numbers[i];
        run = run && group->numbers[i] && group->numbers[i] == group->numbers[0] + i;
    }
    return !any ? 0 : run ? 1 : 2;
}

static void put_numbers(struct buffer *out, const struct group *group, int how)
{
    char bucket[16];
    uint32_t hash = hash_of(group->sender.data, group->sender.len) * 31 +
                    hash_of(group->instance.data, group->instance.len);
    snprintf(bucket, sizeof(bucket), "%u", (hash ^ hash >> 16) % BUCKETS);
    buffer_number(out, group->session, 8);
    buffer_number(out, group->numbers[0], 8);
    put_key(out, group->channel, "seq:", text_of(bucket));
    put_field(out, group);
    if (how == 2) {
        buffer_number(out, group->count * 8, 2);
        for (unsigned i = 0; i < group->count; i++)
            buffer_number(out, group->numbers[i], 8);
    }
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

/* The first part of what waits in the pending set: scripts/release.lua reads it. */
static void put_pending(struct store *store, struct buffer *out, const struct group *group)
{
    struct text leaf = text_of(group->leaf), channel = text_of(group->channel);
    put_key(out, group->channel, "pend", (struct text){0});
    buffer_number(out, NONCE + 2 + 3 + group->household.len + leaf.len + channel.len, 2);
    buffer_put(out, next_nonce(store), NONCE);
    buffer_number(out, group->kinds, 2);
    put_short(out, group->household);
    put_short(out, leaf);
    put_short(out, channel);
}

static void put_at_once(struct buffer *out, const struct group *group)
{
    char feed[32];
    int len = snprintf(feed, sizeof(feed), "nb:feed:c:%s", group->channel);
    put_key(out, group->channel, "ch:", text_of(group->channel));
    buffer_sized(out, feed, (size_t)len);
    put_key(out, group->channel, "share", (struct text){0});
    buffer_sized(out, group->household.data, group->household.len);
    put_key(out, group->channel, "sharers:", text_of(group->leaf));
}

static void pack_group(struct store *store, struct buffer *out, const struct group *group)
{
    int how = numbering(group);
    int publishing = group->published == 0 ? 0 : group->published == group->count ? 1 : 2;
    buffer_number(out, group->count, 1);
    buffer_number(out, (uint64_t)how, 1);
    buffer_number(out, (uint64_t)publishing, 1);
    buffer_number(out, group->qos2_packet != 0, 1);
    put_key(out, group->channel, "log:", group->household);
    buffer_sized(out, group->log.data, group->log.len);
    if (how)
        put_numbers(out, group, how);
    if (group->qos2_packet) {
        struct buffer key = {0};
        session_key(&key, (struct session_name){group->sender, group->instance}, "q2:");
        buffer_sized(out, key.data, key.len);
        buffer_number(out, group->qos2_packet, 2);
        buffer_free(&key);
    }
    if (!publishing)
        return;
    if (publishing == 2)
        put_short(out, (struct text){group->publish, group->count});
    buffer_number(out, group->kinds, 2);
    buffer_sized(out, group->records.data, group->records.len);
    if (store->options.release_delay_ms > 0)
        put_pending(store, out, group);
    else
        put_at_once(out, group);
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

/* Tells each caller of the group its part, and ends the group. */
static void answer_group(struct store *store, struct group *group, const struct store_motion_result *whole)
{
    if (whole->status == STORE_OK && !whole->session_old) {
        unsigned left_out = (unsigned)__builtin_popcountll(whole->too_old);
        unsigned repeated = (unsigned)__builtin_popcountll(whole->repeated);
        store->counters.events_repeated += repeated;
        store->counters.events_stored += group->count - left_out - repeated;
    }
    struct member *next;
    for (struct member *member = group->members; member; member = next) {
        struct store_motion_result part = *whole;
        part.too_old = event_mask(whole->too_old, member->first, member->count);
        part.repeated = event_mask(whole->repeated, member->first, member->count);
        next = member->next;
        if (member->done)
            member->done(member->arg, &part);
        free(member);
    }
    group_free(group);
}

/* Reads one group's verdict; returns how many bytes it took, 0 when it cannot be read. */
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
    struct group *next;
    struct bytes answer = reply_bytes(reply);
    store->motion.in_flight--;
    for (struct group *group = arg; group; group = next) {
        struct store_motion_result result = {.status = status};
        if (status == STORE_OK) {
            size_t used = read_verdict(answer, &result);
            answer = (struct bytes){answer.data + used, answer.len - used};
        }
        next = group->next;
        answer_group(store, group, &result);
    }
    if (status == STORE_OK && answer.len == 4) {
        store->counters.activity_unshared += packed_number(answer.data, 2);
        store->counters.activity_below_k += packed_number(answer.data + 2, 2);
    }
    if (!store->ending)
        motion_flush(store);
}

/* Takes groups of at most CALL_EVENTS events off the list and sends them in one call. */
static void send_some(struct store *store)
{
    struct buffer packed = {0}, command = {0};
    struct group *first = store->motion.first, *last = NULL;
    unsigned events = 0;
    pack_head(store, &packed);
    for (struct group *group = first; group && events + group->count <= CALL_EVENTS; group = group->next) {
        pack_group(store, &packed, group);
        events += group->count;
        last = group;
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
    struct group *next, *first = store->motion.first;
    store->motion.first = store->motion.last = NULL;
    memset(store->motion.slots, 0, sizeof(store->motion.slots));
    for (struct group *group = first; group; group = next) {
        next = group->next;
        answer_group(store, group, &(struct store_motion_result){.status = STORE_GONE});
    }
}
