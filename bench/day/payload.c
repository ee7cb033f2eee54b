/* What is published: events of cameras, and alerts of residents and agencies. */
#include <time.h>

#include "bench/day/day.h"
#include "proto/codec.h"

enum { LONG_AGO_MS = 9 * 24 * 3600 * 1000, EXPIRES_MS = 3600 * 1000 };

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An event bears its number in the day: to the followers spread over kind, phase, confidence and minute (see
 * tags.h), to its household as the name of the activity. */
static void fill_event(
    struct speaker *speaker, const struct job *job, uint32_t event, struct motion_event *out)
{
    struct day *day = speaker->day;
    char device[DEVICE_NAME];

    tags_write(&day->tags, event, out);
    out->activity_id = text_of(arena_printf(&day->arena, "%012x", event));
    plan_device_name(day->plan, day->device[event], device);
    if (speaker->kind != DEVICE)
        out->device = text_of(arena_printf(&day->arena, "%s", device));
    if (!job->wrong)
        return;
    if (speaker->kind == DEVICE || event % 2)
        out->at = wall_ms() - LONG_AGO_MS;
    else
        out->device = TEXT("of-nobody");
}

struct bytes payload_events(struct speaker *speaker, const struct job *job, uint64_t first_seq)
{
    struct motion_event events[LIMIT_BATCH_EVENTS] = {0};
    struct motion_batch batch = {.session = speaker->day->session, .count = job->count, .events = events};

    for (uint32_t i = 0; i < job->count; i++) {
        fill_event(speaker, job, job->first + i, &events[i]);
        events[i].seq = first_seq + i;
    }
    return codec_encode_motion_batch(ENCODING_PROTOBUF, &batch, &speaker->day->arena);
}

struct bytes payload_notice(struct speaker *speaker, const struct notice *notice)
{
    struct day *day = speaker->day;
    uint32_t index = (uint32_t)(notice - day->plan->notices);
    struct text first =
        text_of(arena_printf(&day->arena, "%llu-%u", (unsigned long long)day->session, notice->first));
    struct alert alert = {.sender_alert_id = text_of(
                              arena_printf(&day->arena, "%llu-%u", (unsigned long long)day->session, index)),
        .msg_type = notice->msg_type,
        .category = notice->category,
        .severity = notice->severity,
        .urgency = URGENCY_IMMEDIATE,
        .certainty = CERTAINTY_OBSERVED,
        .headline =
            text_of(arena_printf(&day->arena, "No. %u of today: keep clear of Tyler Avenue", notice->first)),
        .description =
            TEXT("A car went through the fence and left by the back street; glass lies on the road. "
                 "The engines are on their way."),
        .language = TEXT("en-US"),
        .place = notice->place,
        .expires = wall_ms() + EXPIRES_MS};

    if (notice->wrong) /* who says crime says what was done */
        alert.description = (struct text){NULL, 0};
    if (notice->first != index) {
        alert.references = &first;
        alert.reference_count = 1;
    }
    return codec_encode_alert(ENCODING_PROTOBUF, &alert, &day->arena);
}
