#include "broker/step/trail.h"

#include <ctype.h>
#include <stdio.h>

#include "bridge/seal.h"
#include "broker/kind/alert_job.h"

enum { OWN_ID = 80, HEAD = 480 };

/* ---- what may be told of a kind ---- */

static const struct told {
    const char *event; /* NULL: only that it was refused */
    bool sender;
    bool silent; /* nothing */
} told_of[TOPIC_COUNT] = {
    [TOPIC_NONE] = {NULL, true, false},
    [TOPIC_MOTION] = {"motion", true, false},
    [TOPIC_ALERT] = {"alert", true, false},
    [TOPIC_WITNESS] = {"witness", false, false},
    [TOPIC_FLAG] = {"flag", false, false},
    [TOPIC_VERDICT] = {"verdict", true, false},
    [TOPIC_FOOTAGE_REQUEST] = {"footage_request", true, false},
    [TOPIC_RESOLVE] = {"resolve", true, false},
    [TOPIC_FOOTAGE_ANSWER] = {NULL, false, true},
    [TOPIC_TIP] = {"tip", false, false},
    [TOPIC_REWARD] = {NULL, true, false},
    [TOPIC_SETTINGS] = {NULL, true, false},
    [TOPIC_HOUSEHOLD] = {NULL, true, false},
    [TOPIC_FORGET] = {NULL, true, false},
    [TOPIC_EXPORT] = {NULL, true, false},
    [TOPIC_DESK] = {NULL, true, false},
    [TOPIC_PUSH] = {NULL, true, false},
    [TOPIC_HISTORY] = {NULL, true, false},
};

/* ---- ids ---- */

struct names {
    char id[PUBLIC_ID + 1], of[PUBLIC_ID + 1]; /* "": none */
    char own[OWN_ID + 1];                      /* an agency's own, which is public */
};

static void take_id(char out[PUBLIC_ID + 1], struct text id)
{
    bool whole = id.len == PUBLIC_ID;
    for (size_t i = 0; whole && i < id.len; i++)
        whole = isxdigit((unsigned char)id.data[i]);
    snprintf(out, PUBLIC_ID + 1, "%.*s", whole ? (int)id.len : 0, id.data);
}

static void take_own(char out[OWN_ID + 1], struct text own)
{
    size_t len = own.len < OWN_ID ? own.len : OWN_ID;
    for (size_t i = 0; i < len; i++)
        out[i] = isalnum((unsigned char)own.data[i]) || strchr("-_.:,@/+", own.data[i]) ? own.data[i] : '?';
    out[len] = '\0';
}

static void name_alert(const struct publication *publication, struct names *out)
{
    const struct alert *alert = &publication->alert;
    const struct seal *seal = publication->broker->seal;
    struct text sender = text_of(publication->principal->name);

    seal_public_id(seal, sender, alert->sender_alert_id, out->id);
    if (publication->outcome.public_id[0])
        take_id(out->of, text_of(publication->outcome.public_id));
    else if (alert->msg_type != MSG_ALERT && alert->public_id.len)
        take_id(out->of, alert->public_id);
    else if (alert->msg_type != MSG_ALERT && alert->reference_count)
        seal_public_id(seal, sender, alert->references[0], out->of);
    if (strcmp(out->id, out->of) == 0)
        out->of[0] = '\0';
    if (of_agency(publication))
        take_own(out->own, alert->sender_alert_id);
}

/* Of what is decoded. */
static void find_names(struct publication *publication, struct names *out)
{
    *out = (struct names){0};
    if (!publication->trailed)
        return;
    take_id(out->id, text_of(publication->outcome.public_id));
    switch (publication->topic) {
    case TOPIC_ALERT:
        name_alert(publication, out);
        break;
    case TOPIC_WITNESS:
        take_id(out->id, publication->witness.public_id);
        break;
    case TOPIC_FLAG:
        take_id(out->id, publication->flag.public_id);
        break;
    case TOPIC_VERDICT:
        take_id(out->id, publication->verdict.public_id);
        break;
    case TOPIC_FOOTAGE_REQUEST:
        if (!out->id[0])
            footage_request_public_id(publication, out->id);
        break;
    case TOPIC_TIP:
        if (!out->id[0])
            take_id(out->id, publication->tip.conversation_id);
        break;
    default:
        break;
    }
}

/* ---- lines ---- */

static int add_pair(char *line, int len, const char *key, const char *value)
{
    return *value ? len + snprintf(line + len, (size_t)(HEAD - len), "%s=%s ", key, value) : len;
}

/* What all lines of a message begin with; each value is short. */
static void write_head(struct publication *publication, char out[HEAD])
{
    struct names names;
    find_names(publication, &names);
    out[0] = '\0';
    int len = add_pair(out, 0, "id", names.id);
    len = add_pair(out, len, "of", names.of);
    if (told_of[publication->topic].sender)
        len = add_pair(out, len, "sender", publication->principal->name);
    len = add_pair(out, len, "own", names.own);
    if (publication->topic != TOPIC_MOTION || !publication->trailed || !publication->motion.count)
        return;
    const struct motion_batch *batch = &publication->motion;
    len = add_pair(out, len, "client", publication->client);
    snprintf(out + len, (size_t)(HEAD - len), "session=%llu seq=%llu-%llu ",
        (unsigned long long)batch->session, (unsigned long long)batch->events[0].seq,
        (unsigned long long)batch->events[batch->count - 1].seq);
}

static void write_received(const struct publication *publication, const char *event, const char *head)
{
    static const char *const encodings[] = {
        [ENCODING_PROTOBUF] = "protobuf", [ENCODING_JSON] = "json", [ENCODING_CAP] = "cap"};
    log_line(LOG_LEVEL_DEBUG, event, "%sstep=received qos=%u encoding=%s", head, publication->qos,
        encodings[publication->encoding]);
}

void trail_step(struct publication *publication, const char *step)
{
    const struct told *told = &told_of[publication->topic];
    char head[HEAD];

    if (!told->event || publication->refusal.code)
        return;
    bool first = !publication->trailed;
    publication->trailed = true;
    write_head(publication, head);
    if (first && publication->encoding)
        write_received(publication, told->event, head);
    log_line(
        LOG_LEVEL_DEBUG, told->event, "%sstep=%s%s", head, step, publication->preview ? " preview=1" : "");
}

static void trail_refused(const struct publication *publication, const char *head)
{
    const struct told *told = &told_of[publication->topic];
    const struct refusal *refusal = &publication->refusal;
    if (told->event)
        log_line(LOG_LEVEL_DEBUG, told->event, "%sstep=refused field=\"%s\" rule=\"%s\"", head,
            refusal->field, refusal->rule);
    else
        log_line(LOG_LEVEL_DEBUG, "publish_refused", "topic=%s %sfield=\"%s\" rule=\"%s\"",
            publication->topic ? topic_name(publication->topic) : "-", head, refusal->field, refusal->rule);
}

static void trail_motion(const struct publication *publication, const char *head)
{
    const struct motion_batch *batch = &publication->motion;
    size_t refused = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct motion_event *event = &batch->events[i];
        refused += event->refusal.code != 0;
        if (event->refusal.code)
            log_line(LOG_LEVEL_DEBUG, "motion", "%sstep=refused number=%llu field=\"%s\" rule=\"%s\"", head,
                (unsigned long long)event->seq, event->refusal.field, event->refusal.rule);
    }
    log_line(LOG_LEVEL_DEBUG, "motion", "%sstep=stored stored=%zu repeated=%u refused=%zu", head,
        batch->count - refused - publication->outcome.repeated, publication->outcome.repeated, refused);
}

static void trail_stored(const struct publication *publication, const char *event, const char *head)
{
    const struct outcome *outcome = &publication->outcome;
    log_line(LOG_LEVEL_DEBUG, event,
        "%sstep=stored revision=%u repeat=%d pending=%d merged=%d not_shown=\"%s\"", head, outcome->revision,
        outcome->repeat, outcome->pending, outcome->merged, outcome->not_shown ? outcome->not_shown : "");
}

void trail_outcome(struct publication *publication)
{
    const struct told *told = &told_of[publication->topic];
    char head[HEAD];

    if (told->silent || (!told->event && !publication->refusal.code))
        return;
    write_head(publication, head);
    if (publication->refusal.code)
        trail_refused(publication, head);
    else if (publication->topic == TOPIC_MOTION)
        trail_motion(publication, head);
    else if (publication->topic == TOPIC_ALERT)
        trail_stored(publication, told->event, head);
    else
        log_line(LOG_LEVEL_DEBUG, told->event, "%sstep=stored repeat=%d", head, publication->outcome.repeat);
}
