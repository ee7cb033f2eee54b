/* Motion events, singly or in batches of up to 64. Each goes to its household's log, and, where its device's
 * sharing allows, waits for publication. */
#include <stdio.h>

#include "broker/kind/kind.h"
#include "broker/kind/motion_record.h"
#include "broker/session/entry.h"
#include "broker/session/place.h"
#include "broker/sharing.h"

/* ---- decode ---- */

static const char *event_field(struct publication *publication, size_t i, const char *field)
{
    return arena_printf(&publication->arena, "events[%zu].%s", i, field);
}

static void refuse_event(
    struct publication *publication, size_t i, uint8_t code, const char *field, const char *rule)
{
    publication->motion.events[i].refusal =
        (struct refusal){.code = code, .field = event_field(publication, i, field), .rule = rule};
}

static void check_times(struct publication *publication, size_t i, int64_t now)
{
    const struct broker_options *options = &publication->broker->options;
    const struct motion_event *event = &publication->motion.events[i];

    if (event->at > now + options->clock_future_ms)
        refuse_event(publication, i, REASON_BAD_PAYLOAD, "at", "lies in the future: check the clock");
    else if (event->at < now - options->clock_past_ms)
        refuse_event(publication, i, REASON_BAD_PAYLOAD, "at", "lies too far in the past");
    else if (event->until && (event->until < event->at || event->until > now + options->clock_future_ms))
        refuse_event(publication, i, REASON_BAD_PAYLOAD, "until", "must lie between `at` and now");
    else if (MOTION_RECORD_FIXED + event->activity_id.len + event->clip.len > MOTION_RECORD_MOST)
        refuse_event(
            publication, i, REASON_BAD_PAYLOAD, "clip", "activity_id and clip together are too long");
}

static enum step_result decode(struct publication *publication)
{
    struct motion_batch *batch = &publication->motion;

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "payload", "motion is protobuf or JSON");
    if (!codec_decode_motion_batch(
            publication->encoding, publication->payload, &publication->arena, batch, &publication->refusal)) {
        batch->count = 0;
        return STEP_REFUSE;
    }
    publication->broker->counters.events_received += batch->count;
    int64_t now = broker_now(publication->broker);
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->events[i].refusal.code)
            check_times(publication, i, now);
    }
    return STEP_GO_ON;
}

/* ---- authorize: a device speaks for itself, an edge for the devices of its household, a node for those on
 * its list ---- */

static const char not_yours[] = "not a device of yours";

static void authorize_device(struct publication *publication, size_t i)
{
    struct text own = text_of(publication->principal->name + sizeof "device/" - 1);
    const struct motion_event *event = &publication->motion.events[i];

    if (event->device.len && !text_equal(event->device, own))
        refuse_event(publication, i, REASON_NOT_ALLOWED, "device", not_yours);
}

static bool is_of_household(const struct known_principal *device, const char *household)
{
    return device->load == PRINCIPAL_KNOWN && device->household[0] &&
           strcmp(device->household, household) == 0;
}

/* In whose household the device of an event must be: a node, which is of none, speaks for those of many. */
static const char *household_of(const struct publication *publication, const struct known_principal *device)
{
    return publication->principal->role == ROLE_NODE ? device->household : publication->principal->household;
}

/* Whoever is no device of the household's is asked about anew. NULL: it is no device's name. */
static struct known_principal *hold_device(struct publication *publication, struct text id)
{
    char name[sizeof "device/" + LIMIT_ID];
    size_t len = (size_t)sprintf(name, "device/%.*s", (int)id.len, id.data);

    if (role_of((struct text){name, len}) != ROLE_DEVICE)
        return NULL;
    struct known_principal *device = principal_hold(publication->broker, (struct text){name, len});
    if (!is_of_household(device, household_of(publication, device)))
        principal_ask_anew(publication->broker, device);
    return device;
}

/* A batch of a node is of one device, whose own numbers protect it from repeats, whichever node brings them.
 */
static bool node_speaks_for(struct publication *publication, size_t i)
{
    const struct motion_event *event = &publication->motion.events[i];
    struct text list = text_of(publication->principal->devices);

    if (!text_equal(event->device, publication->motion.events[0].device))
        refuse_event(publication, i, REASON_BAD_PAYLOAD, "device", "a node's batch is of one device");
    else if (!devices_hold(list, event->device) ||
             (event->first_device.len && !devices_hold(list, event->first_device)))
        refuse_event(publication, i, REASON_NOT_ALLOWED, "device", not_yours);
    return publication->motion.events[i].refusal.code == REASON_OK;
}

/* A refusal comes after one question to the store, whether the device is connected here, was asked about
 * before, or does not exist: its timing tells no more than its words. */
static void authorize_other(struct publication *publication, size_t i)
{
    const struct motion_event *event = &publication->motion.events[i];

    if (event->device.len == 0 || event->device.len > LIMIT_ID) {
        refuse_event(publication, i, REASON_BAD_PAYLOAD, "device", "an edge names the device");
        return;
    }
    if (publication->principal->role == ROLE_NODE && !node_speaks_for(publication, i))
        return;
    publication->devices[i] = hold_device(publication, event->device);
    if (publication->devices[i] == NULL)
        refuse_event(publication, i, REASON_NOT_ALLOWED, "device", not_yours);
    else if (event->first_device.len && !text_equal(event->first_device, event->device))
        publication->firsts[i] = hold_device(publication, event->first_device);
}

static enum step_result authorize(struct publication *publication)
{
    struct motion_batch *batch = &publication->motion;

    publication->devices = arena_alloc(&publication->arena, batch->count * sizeof *publication->devices);
    publication->firsts = arena_alloc(&publication->arena, batch->count * sizeof *publication->firsts);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->events[i].refusal.code)
            continue;
        if (publication->principal->role == ROLE_EDGE || publication->principal->role == ROLE_NODE) {
            authorize_other(publication, i);
            continue;
        }
        authorize_device(publication, i);
        publication->devices[i] = publication->principal;
        publication->principal->holders++;
    }
    return STEP_GO_ON;
}

/* ---- locate: the registered place of the device at that time, else the event's own position ---- */

static void check_device(struct publication *publication, size_t i)
{
    const struct known_principal *device = publication->devices[i];
    const struct motion_event *event = &publication->motion.events[i];

    if (!is_of_household(device, household_of(publication, device)))
        refuse_event(publication, i, REASON_NOT_ALLOWED, "device", not_yours);
    else if (event->at < device->since && !device->former_place)
        refuse_event(publication, i, REASON_NOT_ALLOWED, "at", "before the device came to this household");
    else if (!principal_place(device, event->at) && !event->has_position)
        refuse_event(
            publication, i, REASON_BAD_PAYLOAD, "position", "needed: the device has no registered place");
}

static enum step_result wait_for_device(struct publication *publication, struct known_principal *device)
{
    if (!device || (device->load != PRINCIPAL_FAILED && device->load != PRINCIPAL_LOADING))
        return STEP_GO_ON;
    if (device->load == PRINCIPAL_FAILED)
        return STEP_FAIL;
    TAILQ_INSERT_TAIL(&device->waiting, publication, in_waiting);
    return STEP_WAIT;
}

static enum step_result locate(struct publication *publication)
{
    struct motion_batch *batch = &publication->motion;
    size_t good = 0;

    for (size_t i = 0; i < batch->count; i++) {
        if (batch->events[i].refusal.code)
            continue;
        enum step_result result = wait_for_device(publication, publication->devices[i]);
        if (result == STEP_GO_ON)
            result = wait_for_device(publication, publication->firsts[i]);
        if (result != STEP_GO_ON)
            return result;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->events[i].refusal.code)
            check_device(publication, i);
        good += batch->events[i].refusal.code == REASON_OK;
    }
    if (good == 0) {
        publication->refusal = batch->events[0].refusal;
        return STEP_REFUSE;
    }
    return STEP_GO_ON;
}

static geo_cell event_leaf(const struct publication *publication, size_t i)
{
    const struct motion_event *event = &publication->motion.events[i];
    geo_cell leaf = principal_place(publication->devices[i], event->at);
    struct geo_point point = {event->position.lat_e7 / 1e7, event->position.lon_e7 / 1e7};

    if (!leaf && geo_encode(point, publication->broker->options.leaf_precision, &leaf) != GEO_OK)
        leaf = 0; /* the codec has checked the position */
    return leaf;
}

/* ---- store: events of one leaf cell travel together ---- */

struct part {
    struct publication *publication;
    bool once; /* of a node, and without numbers */
    size_t count;
    uint8_t index[LIMIT_BATCH_EVENTS];
};

/* Whether neighbors may see it: as the household says, and as long as it says nothing, as the device was
 * enrolled. */
static bool is_shared(const struct known_principal *device, const struct motion_event *event)
{
    return device->sharing ? sharing_allows(device->sharing, event->kind, event->at)
                           : device->share >> event->kind & 1;
}

static void fill_event(
    struct publication *publication, size_t i, geo_cell leaf, struct store_motion_event *out)
{
    const struct motion_event *event = &publication->motion.events[i];
    uint16_t bits = leaf_bits(leaf, publication->broker->options.channel_precision);
    struct activity_item item = {bits, event->kind, event->phase, event->confidence, event->at};

    out->seq = event->seq;
    out->record = motion_record_write(event, (uint16_t)publication->devices[i]->number, &publication->arena);
    out->publish = is_shared(publication->devices[i], event);
    /* What another device of the household saw first has that one's cooldown. */
    const struct known_principal *first = publication->firsts[i];
    bool has_first = first && is_of_household(first, publication->devices[i]->household);
    out->device = (uint16_t)(has_first ? first : publication->devices[i])->number;
    out->at = event->at;
    activity_record(&item, out->activity);
}

static void refuse_stored(struct publication *publication, size_t i, const struct store_motion_result *result)
{
    if (result->session_old)
        publication->motion.events[i].refusal = (struct refusal){.code = REASON_OTHER,
            .field = "session",
            .rule = arena_printf(&publication->arena, "older than the session before the current one, %llu",
                (unsigned long long)result->current_session)};
    else
        refuse_event(publication, i, REASON_OTHER, "seq", "too old: more than 128 below the highest");
}

static void stored(void *arg, const struct store_motion_result *result)
{
    struct part *part = arg;

    for (size_t n = 0; result->status == STORE_OK && n < part->count; n++) {
        if (result->session_old || result->too_old >> n & 1)
            refuse_stored(part->publication, part->index[n], result);
    }
    part->publication->outcome.repeated +=
        result->status == STORE_OK ? (uint32_t)__builtin_popcountll(result->repeated) : 0;
    pipeline_stored(part->publication, result->status);
}

/* The version of what the household shares. A device that was asked about before it changed was judged by
 * what no longer holds: nothing of it is published. */
static uint64_t judged_under(
    const struct publication *publication, const struct part *part, struct store_motion_event *events)
{
    uint64_t newest = 0;
    for (size_t n = 0; n < part->count; n++) {
        uint64_t version = publication->devices[part->index[n]]->sharing_version;
        newest = version > newest ? version : newest;
    }
    for (size_t n = 0; n < part->count; n++)
        if (publication->devices[part->index[n]]->sharing_version != newest)
            events[n].publish = false;
    return newest;
}

/* What a device says by way of nodes is of one instance, so that what comes again by another node is known.
 * It is no client id that a device would have. */
static const char through_node[] = "\x01node";

static void store_part(struct publication *publication, struct part *part, geo_cell leaf, bool only)
{
    struct store_motion_event events[LIMIT_BATCH_EVENTS];
    bool node = publication->principal->role == ROLE_NODE;
    const struct known_principal *device = publication->devices[part->index[0]];
    struct store_motion motion = {.sender = text_of(node ? device->name : publication->principal->name),
        .instance = text_of(node ? through_node : publication->client),
        .session = publication->motion.session,
        .qos2_packet = publication->qos == 2 && only && !node ? publication->packet_id : 0,
        .generation = publication->generation,
        .once = part->once,
        .household = text_of(node ? device->household : publication->principal->household),
        .count = part->count,
        .events = events};

    memset(events, 0, part->count * sizeof *events);
    publication->qos2_stored = motion.qos2_packet != 0;
    geo_format(geo_parent(leaf, publication->broker->options.channel_precision), motion.channel);
    geo_format(leaf, motion.leaf);
    for (size_t n = 0; n < part->count; n++)
        fill_event(publication, part->index[n], leaf, &events[n]);
    motion.sharing_version = judged_under(publication, part, events);
    store_motion(publication->broker->store, &motion, stored, part);
}

static enum step_result store(struct publication *publication)
{
    struct motion_batch *batch = &publication->motion;
    geo_cell leaves[LIMIT_BATCH_EVENTS], part_leaves[LIMIT_BATCH_EVENTS];
    struct part *parts[LIMIT_BATCH_EVENTS];
    size_t part_count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        size_t p = 0;
        if (batch->events[i].refusal.code)
            continue;
        leaves[i] = event_leaf(publication, i);
        bool once = publication->principal->role == ROLE_NODE && batch->events[i].seq == 0;
        while (p < part_count && (part_leaves[p] != leaves[i] || parts[p]->once != once))
            p++;
        if (p == part_count) {
            parts[p] = arena_alloc(&publication->arena, sizeof *parts[p]);
            parts[p]->publication = publication;
            parts[p]->once = once;
            part_leaves[part_count++] = leaves[i];
        }
        parts[p]->index[parts[p]->count++] = (uint8_t)i;
    }
    /* An unnumbered batch at QoS 2 from several places at once is kept at least once: one packet id guards
     * one place. */
    publication->stores = (uint16_t)part_count;
    for (size_t p = 0; p < part_count; p++)
        store_part(publication, parts[p], part_leaves[p], part_count == 1);
    return STEP_WAIT;
}

const struct kind kind_motion = {
    .topic = TOPIC_MOTION,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
};
