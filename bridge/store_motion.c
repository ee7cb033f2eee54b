/* Motion: what arrives in one turn is gathered into sections (one sender, session and region, one repeat
 * check) of groups (one household and leaf cell, one entry of its log), and sections into calls of at most
 * CALL_EVENTS events. While so many calls of a lane are unanswered the rest waits and so grows into larger
 * sections and calls: a group commit that adapts to the load. scripts/motion.lua reads what
 * store_motion_pack.c writes.
 *
 * One Redis has one lane, and a call events of many regions. In a cluster each region's tag has a lane, for a
 * call may touch one slot: a master that is away or a slot that moves holds up its own regions alone. Two
 * calls a lane are enough that one travels while the other is at work, and few enough that under load a
 * master's calls, of all its regions together, grow long. */
#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "bridge/store_section.h"

enum { CALLS_IN_FLIGHT = 8, CALLS_A_REGION = 2 };

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

static bool same_section(const struct section *section, const struct store_motion *m, uint8_t region)
{
    return section->session == m->session && section->once == m->once && section->region == region &&
           section->sender_len == m->sender.len &&
           section->names.len == m->sender.len + 1 + m->instance.len &&
           memcmp(section->names.data, m->sender.data, m->sender.len) == 0 &&
           (m->instance.len == 0 ||
               memcmp(section->names.data + m->sender.len + 1, m->instance.data, m->instance.len) == 0);
}

static struct section *section_new(const struct store_motion *m, uint8_t region)
{
    struct section *section = store_alloc(sizeof(*section));
    buffer_put(&section->names, m->sender.data, m->sender.len);
    buffer_number(&section->names, 0, 1);
    buffer_put(&section->names, m->instance.data, m->instance.len);
    section->sender_len = m->sender.len;
    section->session = m->session;
    section->once = m->once;
    section->region = region;
    section->qos2_packet = m->qos2_packet;
    section->generation = m->generation;
    return section;
}

static struct motion_lane *lane_of(struct store *store, const struct section *section)
{
    return &store->motion.lanes[store_spans_tags(store) ? 0 : section->region];
}

/* Behind the others that wait to be sent. */
static void put_in_lane(struct store *store, struct section *section)
{
    struct motion_lane *lane = lane_of(store, section);
    if (lane->last)
        lane->last->next = section;
    else
        lane->first = section;
    lane->last = section;
    if (!lane->listed) {
        lane->listed = true;
        lane->next = store->motion.listed;
        store->motion.listed = lane;
    }
}

/* The gathered section that the motion joins, or a new one behind the others. */
static struct section *section_for(struct store *store, const struct store_motion *m)
{
    uint8_t region = region_tag(m->channel);
    uint32_t hash = hash_of(m->sender.data, m->sender.len) * 31 + hash_of(m->instance.data, m->instance.len);
    struct section **slot = &store->motion.slots[(hash ^ hash >> 16) % SECTION_SLOTS];
    struct section *section = *slot;
    if (section && section->count + m->count <= CALL_EVENTS && same_section(section, m, region))
        return section;
    section = section_new(m, region);
    section->slot = slot;
    *slot = section;
    put_in_lane(store, section);
    return section;
}

static bool same_group(const struct group *group, const struct store_motion *m)
{
    return group->version == m->sharing_version && strcmp(group->leaf, m->leaf) == 0 &&
           strcmp(group->channel, m->channel) == 0 && group->household.len == m->household.len &&
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
    group->version = m->sharing_version;
    buffer_put(&group->household, m->household.data, m->household.len);
    if (section->last_group)
        section->last_group->next = group;
    else
        section->groups = group;
    section->last_group = group;
    section->group_count++;
    return group;
}

static uint64_t digest_of(struct bytes record)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_Digest(record.data, record.len, digest, NULL, EVP_sha256(), NULL);
    return packed_number(digest, 8);
}

static void add_event(struct section *section, struct group *group, const struct store_motion_event *event)
{
    assert(event->record.len <= 255);
    group->indexes[group->count] = (uint8_t)section->count;
    group->publish[group->count] = event->publish ? '1' : '0';
    group->count++;
    section->numbers[section->count++] = section->once ? digest_of(event->record) : event->seq;
    buffer_number(&group->log, event->record.len, 1);
    buffer_put(&group->log, event->record.data, event->record.len);
    if (event->publish) {
        group->published++;
        group->kinds |= (uint16_t)(1 << (event->activity[2] & 15));
        buffer_put(&group->records, event->activity, ACTIVITY_RECORD);
        buffer_number(&group->records, event->device, 2);
        buffer_number(&group->records, (uint64_t)(event->at / 1000), 4);
    }
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

/* The session knows now where its packet is going to be, or has ended: then nobody will send the packet
 * again.
 */
static void on_noted(struct store *store, void *arg, enum store_status status, uint64_t born)
{
    struct section *section = arg;
    if (status != STORE_OK && status != STORE_NOT_FOUND) {
        answer_section(store, section, &(struct store_motion_result){.status = status});
        return;
    }
    section->born = born;
    if (status == STORE_NOT_FOUND)
        section->qos2_packet = 0;
    put_in_lane(store, section);
}

static void add_motion(struct section *section, const struct store_motion *motion, struct member *member)
{
    struct group *group = group_for(section, motion);
    member->first = section->count;
    member->count = (unsigned)motion->count;
    if (section->last_member)
        section->last_member->next = member;
    else
        section->members = member;
    section->last_member = member;
    for (size_t i = 0; i < motion->count; i++)
        add_event(section, group, &motion->events[i]);
}

void store_motion(struct store *store, const struct store_motion *motion, store_motion_done *done, void *arg)
{
    assert(motion->count >= 1 && motion->count <= CALL_EVENTS);
    struct member *member = store_alloc(sizeof(*member));
    *member = (struct member){.done = done, .arg = arg};
    /* A packet of QoS 2 stands alone: it is new or known as a whole. */
    struct section *section =
        motion->qos2_packet ? section_new(motion, region_tag(motion->channel)) : section_for(store, motion);
    add_motion(section, motion, member);
    if (motion->qos2_packet)
        packet_note(store, section_session(section), section->generation, section->qos2_packet,
            section->region, on_noted, section);
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
    if (answer.len >= 1 && answer.data[0] == '3') {
        result->status = STORE_FENCED;
        return 1;
    }
    result->status = STORE_FAILED;
    return 0;
}

static void flush_lane(struct store *store, struct motion_lane *lane);

static void on_motion(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct section *next;
    struct bytes answer = reply_bytes(reply);
    struct motion_lane *lane = lane_of(store, arg);
    lane->in_flight--;
    for (struct section *section = arg; section; section = next) {
        struct store_motion_result result = {.status = status};
        if (status == STORE_OK) {
            size_t used = read_verdict(answer, &result);
            answer = (struct bytes){answer.data + used, answer.len - used};
        }
        next = section->next;
        answer_section(store, section, &result);
    }
    if (status == STORE_OK && answer.len == 6) {
        store->counters.activity_unshared += packed_number(answer.data, 2);
        store->counters.activity_below_k += packed_number(answer.data + 2, 2);
        store->counters.activity_merged += packed_number(answer.data + 4, 2);
    }
    if (!store->ending)
        flush_lane(store, lane);
}

/* The regions of a call: a key of each is declared. */
struct regions {
    uint64_t seen[STORE_REGION_TAGS / 64];
    uint8_t list[CALL_EVENTS];
    size_t count;
};

static void regions_add(struct regions *regions, uint8_t region)
{
    uint64_t bit = UINT64_C(1) << region % 64;
    if (!(regions->seen[region / 64] & bit))
        regions->list[regions->count++] = region;
    regions->seen[region / 64] |= bit;
}

static void begin_call(struct command *command, const struct regions *regions)
{
    command_function(command, "nb_motion", regions->count, 1);
    for (size_t i = 0; i < regions->count; i++) {
        char key[KEY];
        region_tag_key(key, regions->list[i], "sharing");
        command_text(command, key);
    }
}

/* Nothing joins it any more. */
static void close_section(struct store *store, const struct section *section)
{
    if (section->slot && *section->slot == section)
        *section->slot = NULL;
    for (const struct group *group = section->groups; group; group = group->next) {
        if (group->published)
            release_expect(store, section->region);
    }
}

/* Takes sections of at most CALL_EVENTS events off the lane and sends them in one call. */
static void send_some(struct store *store, struct motion_lane *lane)
{
    struct command command = {0};
    struct buffer packed = {0};
    struct regions regions = {.count = 0};
    struct section *first = lane->first, *last = NULL;
    unsigned events = 0;
    motion_pack_head(store, &packed);
    for (struct section *section = first; section && events + section->count <= CALL_EVENTS;
         section = section->next) {
        motion_pack_section(store, &packed, section);
        regions_add(&regions, section->region);
        close_section(store, section);
        events += section->count;
        last = section;
    }
    lane->first = last->next;
    if (!last->next)
        lane->last = NULL;
    last->next = NULL;
    begin_call(&command, &regions);
    command_bytes(&command, packed.data, packed.len);
    buffer_free(&packed);
    lane->in_flight++;
    command.any_order = true; /* what a batch repeats or comes too late for is told by its numbers */
    store_send(store, &command, on_motion, first);
}

static void flush_lane(struct store *store, struct motion_lane *lane)
{
    unsigned most = store_spans_tags(store) ? CALLS_IN_FLIGHT : CALLS_A_REGION;
    while (lane->first && lane->in_flight < most)
        send_some(store, lane);
}

void motion_flush(struct store *store)
{
    struct motion_lane *lane;
    while ((lane = store->motion.listed)) {
        store->motion.listed = lane->next;
        lane->listed = false;
        flush_lane(store, lane);
    }
}

void motion_free(struct store *store)
{
    memset(store->motion.slots, 0, sizeof(store->motion.slots));
    for (size_t i = 0; i < STORE_REGION_TAGS; i++) {
        struct motion_lane *lane = &store->motion.lanes[i];
        struct section *next, *first = lane->first;
        lane->first = lane->last = NULL;
        for (struct section *section = first; section; section = next) {
            next = section->next;
            answer_section(store, section, &(struct store_motion_result){.status = STORE_GONE});
        }
    }
}
