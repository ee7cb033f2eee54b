/* The way in, as a table of named steps. Each step ends by going on, waiting, refusing or failing; after the
 * last one the store has been called, and its answers lead to the acknowledgement. */
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"
#include "broker/step/record.h"
#include "broker/step/trail.h"

/* Of a POST, what CONNECT asks of a connection. */
static enum step_result identify(struct publication *publication)
{
    struct known_principal *principal = publication->principal;
    const struct credential *who = publication->posted_as;
    const char *rule = NULL;

    if (principal->load == PRINCIPAL_LOADING) {
        TAILQ_INSERT_TAIL(&principal->waiting, publication, in_waiting);
        return STEP_WAIT;
    }
    if (principal->load == PRINCIPAL_FAILED)
        return STEP_FAIL;
    const struct broker_options *options = &publication->broker->options;
    if (principal->load != PRINCIPAL_KNOWN)
        rule = "not authorized";
    else if (who->expires_at && broker_now(publication->broker) >= who->expires_at)
        rule = "the token has expired";
    else if (principal_bars(principal, text_of(who->instance), who->issued_at) ||
             (who->key && !options->credential_stands(options->check_arg, who->key)))
        rule = "the token was withdrawn";
    else if (!officer_listed(text_of(principal->officers), who->officer))
        rule = "the officer is not on the agency's list";
    return rule ? publication_refuse(publication, REASON_NOT_ALLOWED, "credential", rule) : STEP_GO_ON;
}

/* The rules that need no payload. */
static enum step_result admit(struct publication *publication)
{
    enum publish_topic topic = publication->topic;
    enum step_result known = publication->posted_as ? identify(publication) : STEP_GO_ON;

    if (known != STEP_GO_ON)
        return known;
    publication->kind = kind_of(topic);
    record_begin(publication);
    if (topic == TOPIC_NONE)
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "topic", "not one that can be published to");
    if (!kind_allows(topic, publication->principal->role))
        return publication_refuse(publication, REASON_NOT_ALLOWED, "topic", "not for this role");
    if (publication->retain)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "retain", "must not be set");
    if (!publication->kind)
        return publication_refuse(publication, REASON_OTHER, "topic", "not served by this version");
    return STEP_GO_ON;
}

static enum step_result decode(struct publication *publication)
{
    publication->encoding =
        (uint8_t)codec_encoding_of(publication->content_type, publication->payload, &publication->refusal);
    if (!publication->encoding)
        return STEP_REFUSE;
    return publication->kind->decode(publication);
}

static enum step_result authorize(struct publication *publication)
{
    return publication->kind->authorize ? publication->kind->authorize(publication) : STEP_GO_ON;
}

static enum step_result locate(struct publication *publication)
{
    return publication->kind->locate ? publication->kind->locate(publication) : STEP_GO_ON;
}

static enum step_result store(struct publication *publication)
{
    return publication->kind->store(publication);
}

static const struct step {
    const char *done; /* what the log says when it went on (step/trail.h); NULL: nothing */
    enum step_result (*run)(struct publication *publication);
} steps[] = {
    {NULL, admit},
    {"decoded", decode},
    {"authorized", authorize},
    {"located", locate},
    {NULL, store},
};
enum { STEPS = sizeof steps / sizeof steps[0] };

enum step_result publication_refuse(
    struct publication *publication, uint8_t code, const char *field, const char *rule)
{
    publication->refusal = (struct refusal){.code = code, .field = field, .rule = rule};
    return STEP_REFUSE;
}

/* Steps and stores are done. */
static void conclude(struct publication *publication)
{
    if (!record_refusal(publication))
        acknowledge(publication);
}

void pipeline_run(struct publication *publication)
{
    while (publication->step < STEPS) {
        switch (steps[publication->step].run(publication)) {
        case STEP_GO_ON:
            if (steps[publication->step].done && log_wants(LOG_LEVEL_DEBUG))
                trail_step(publication, steps[publication->step].done);
            publication->step++;
            break;
        case STEP_WAIT:
            return;
        case STEP_REFUSE:
            publication->step = STEPS;
            break;
        case STEP_FAIL:
            publication->failed = true;
            publication->step = STEPS;
            break;
        }
    }
    if (publication->stores == 0)
        conclude(publication);
}

void pipeline_resume(struct publication *publication)
{
    pipeline_run(publication);
}

void pipeline_fail(struct publication *publication)
{
    publication->failed = true;
    publication->step = STEPS;
    acknowledge(publication);
}

void pipeline_stored(struct publication *publication, enum store_status status)
{
    if (status != STORE_OK && status != STORE_REPEAT && status != STORE_DEAD)
        publication->failed = true;
    if (status == STORE_FENCED && publication->connection)
        connection_end(publication->connection, REASON_TAKEN_OVER, "session taken over");
    if (--publication->stores > 0)
        return;
    publication->step = STEPS;
    conclude(publication);
}
