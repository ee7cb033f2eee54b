/* The way in, as a table of named steps. Each step ends by going on, waiting, refusing or failing; after the
 * last one the store has been called, and its answers lead to the acknowledgement. */
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"

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
    const char *name; /* for who reads the table in a debugger */
    enum step_result (*run)(struct publication *publication);
} steps[] = {
    {"decode", decode},
    {"authorize", authorize},
    {"locate", locate},
    {"store", store},
};
enum { STEPS = sizeof steps / sizeof steps[0] };

enum step_result publication_refuse(
    struct publication *publication, uint8_t code, const char *field, const char *rule)
{
    publication->refusal = (struct refusal){.code = code, .field = field, .rule = rule};
    return STEP_REFUSE;
}

void pipeline_run(struct publication *publication)
{
    while (publication->step < STEPS) {
        switch (steps[publication->step].run(publication)) {
        case STEP_GO_ON:
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
        acknowledge(publication);
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
    acknowledge(publication);
}
