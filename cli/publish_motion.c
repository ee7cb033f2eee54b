/* neighbors publish motion: one event, as a device or as the edge that speaks for it. */
#include <string.h>

#include "cli/publish.h"
#include "proto/codec.h"

enum { DEVICE, KIND, PHASE, SEQ, SESSION, ACTIVITY, WHEN, UNTIL, CONFIDENCE, AT, CLIP };
static const struct option_row options[] = {
    [DEVICE] = {"device", "ID", "which device saw it"},
    [KIND] = {"kind", "KIND", "motion, person, vehicle, animal, package, doorbell, sound (motion)"},
    [PHASE] = {"phase", "PHASE", "start, update, end, pulse (pulse)"},
    [SEQ] = {"seq", "N", "the event's number in its session; 0: no protection against repeats (0)"},
    [SESSION] = {"session", "N", "what the numbers count in"},
    [ACTIVITY] = {"activity", "ID", "the same from start to end"},
    [WHEN] = {"when", "TIME", "when it happened (now)"},
    [UNTIL] = {"until", "TIME", "when it was over"},
    [CONFIDENCE] = {"confidence", "N", "how sure, 0 to 100 percent"},
    [AT] = {"at", "LAT,LON", "where, of a device that moves"},
    [CLIP] = {"clip", "TEXT", "what the owner finds the recording by"},
    {0},
};

static bool read_numbers(
    const struct invocation *invocation, struct motion_batch *batch, struct motion_event *event)
{
    const char *const *value = invocation->value;
    int64_t seq = 0, session = 0, confidence = 0;
    if ((value[SEQ] && !cli_number(invocation, "--seq", value[SEQ], 0, LIMIT_EXACT - 1, &seq)) ||
        (value[SESSION] &&
            !cli_number(invocation, "--session", value[SESSION], 0, LIMIT_EXACT - 1, &session)) ||
        (value[CONFIDENCE] &&
            !cli_number(invocation, "--confidence", value[CONFIDENCE], 0, 100, &confidence)))
        return false;
    event->seq = (uint64_t)seq;
    batch->session = (uint64_t)session;
    event->confidence = (uint8_t)confidence;
    return true;
}

static bool read_event(
    const struct invocation *invocation, struct motion_batch *batch, struct motion_event *event)
{
    const char *const *value = invocation->value;
    struct geo_point point;
    *event = (struct motion_event){.phase = PHASE_PULSE, .kind = KIND_MOTION, .at = cli_now()};
    event->activity_id = text_of(value[ACTIVITY]);
    if (value[CLIP])
        event->clip = (struct bytes){(const uint8_t *)value[CLIP], strlen(value[CLIP])};
    if (!cli_word_of(invocation, "--kind", value[KIND], motion_kind_name, &event->kind) ||
        !cli_word_of(invocation, "--phase", value[PHASE], phase_name, &event->phase) ||
        !read_numbers(invocation, batch, event))
        return false;
    if ((value[WHEN] && !cli_time(invocation, "--when", value[WHEN], &event->at)) ||
        (value[UNTIL] && !cli_time(invocation, "--until", value[UNTIL], &event->until)) ||
        (value[AT] && !cli_point(invocation, "--at", value[AT], &point)))
        return false;
    event->has_position = value[AT] != NULL;
    if (value[AT])
        event->position = cli_position(point);
    return true;
}

static enum exit_code send(const struct invocation *invocation, struct motion_batch *batch)
{
    char own[160];
    const char *device = invocation->value[DEVICE];
    struct identity identity;
    snprintf(own, sizeof own, "device/%.100s", device ? device : "");
    const char *const wishes[] = {own, "edge/", NULL};
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    bool itself = strncmp(identity.name, "device/", 7) == 0;
    if (device && itself && strcmp(identity.name, own) != 0)
        return cli_fail(invocation, EXIT_USAGE, "--device: %s speaks for itself alone", identity.name);
    if (device && !itself)
        batch->events[0].device = text_of(device);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct link_publish publish = {.topic = "nb/v1/motion",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_motion_batch(ENCODING_PROTOBUF, batch, &arena)};
    code = publish_once(invocation, &identity, &publish, "event", "");
    arena_free(&arena);
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct motion_event event;
    struct motion_batch batch = {.count = 1, .events = &event};
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "publish motion takes options alone");
    return read_event(invocation, &batch, &event) ? send(invocation, &batch) : EXIT_USAGE;
}

const struct command command_publish_motion = {
    "publish motion", "send a motion event, and wait until it is stored", "", options, run};
