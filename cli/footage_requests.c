/* neighbors footage-requests: an owner's client. It shows what agencies ask for and keeps it, and answers
 * each request once, at the time that the request names for everybody: what `neighbors footage-answer` put
 * there, else an answer that says nothing. Who watches the line sees the same from every owner. */
#include <string.h>

#include "cli/footage_folder.h"
#include "cli/inbox.h"

enum { CLIENT, COUNT, FOR };
static const struct option_row options[] = {
    [CLIENT] = {"client", "ID", "the session that gets the requests (" FOOTAGE_CLIENT ")"},
    [COUNT] = {"count", "N", "stop after so many requests"},
    [FOR] = {"for", "SPAN", "stop after so long, such as 30s"},
    {0},
};

enum { LOOK_MS = 250 };

struct owner {
    struct inbox inbox;
    int64_t looked_at; /* ms */
};

/* ---- what comes ---- */

static void print_devices(const struct footage_request *request)
{
    for (size_t i = 0; i < request->device_count; i++)
        printf("%s%.*s", i ? ", " : "", (int)request->devices[i].len, request->devices[i].data);
}

static void print_request(const struct footage_request *request)
{
    char from[32], to[32], until[32];
    footage_time(request->from, from);
    footage_time(request->to, to);
    footage_time(request->open_until, until);
    printf("%.*s asks for footage: %s, case %.*s\n  %.*s\n  of ", (int)request->agency_name.len,
        request->agency_name.data, incident_type_name(request->incident), (int)request->case_number.len,
        request->case_number.data, (int)request->sought.len, request->sought.data);
    print_devices(request);
    printf("\n  from %s to %s\n  questions: %.*s\n  request %.*s, open until %s\n", from, to,
        (int)request->contact.len, request->contact.data, (int)request->request_id.len,
        request->request_id.data, until);
}

static void print_json(const struct footage_request *request, struct arena *arena)
{
    struct bytes json = codec_encode_footage_request(ENCODING_JSON, request, arena);
    cli_print_json(json_loadb((const char *)json.data, json.len, 0, NULL));
}

static void on_message(void *arg, const struct link_message *message)
{
    struct owner *owner = arg;
    struct footage_request request;
    struct refusal refusal;
    struct arena arena;
    if (!text_equal(message->topic, TEXT("nb/v1/inbox/footage-request")) || owner->inbox.left == 0)
        return;
    arena_init(&arena, NULL, 0);
    if (codec_decode_footage_request(ENCODING_PROTOBUF, message->payload, &arena, &request, &refusal) &&
        footage_keep_request(owner->inbox.invocation, &request, &arena)) {
        if (owner->inbox.invocation->common.json)
            print_json(&request, &arena);
        else if (request.ended)
            printf("request %.*s ended\n", (int)request.request_id.len, request.request_id.data);
        else
            print_request(&request);
        if (owner->inbox.left > 0)
            owner->inbox.left--;
    }
    arena_free(&arena);
}

/* ---- what is due ---- */

/* False: the connection was lost. */
static bool answer_if_due(
    const struct invocation *invocation, struct link *link, const char *id, struct arena *arena)
{
    struct footage_request request;
    struct link_answer told;
    if (footage_was_sent(invocation, id) || !footage_request_kept(invocation, id, arena, &request) ||
        cli_now() < request.answer_at || cli_now() > request.open_until)
        return true;
    struct footage_answer answer = footage_answer_kept(invocation, id, arena);
    if (!footage_send(invocation, link, &answer, arena, &told))
        return false;
    json_decref(told.properties);
    if (link_refused(&told))
        fprintf(stderr, "neighbors: the answer was refused, 0x%02x: %s\n", (unsigned)told.reason, told.text);
    return true;
}

static bool answer_what_is_due(void *arg, struct link *link)
{
    struct owner *owner = arg;
    const char **ids = NULL;
    struct arena arena;
    bool connected = true;
    if (cli_now() - owner->looked_at < LOOK_MS)
        return true;
    owner->looked_at = cli_now();
    arena_init(&arena, NULL, 0);
    size_t count = footage_requests_kept(owner->inbox.invocation, &arena, &ids);
    for (size_t i = 0; i < count && connected; i++)
        connected = answer_if_due(owner->inbox.invocation, link, ids[i], &arena);
    arena_free(&arena);
    return connected;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *const *value = invocation->value;
    struct owner owner = {
        .inbox = {
            .client = FOOTAGE_CLIENT, .handler = on_message, .turn = answer_what_is_due, .arg = &owner}};
    enum exit_code code;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "footage-requests takes options alone");
    if (!inbox_read(&owner.inbox, invocation, wishes, value[CLIENT], value[COUNT], value[FOR], &code))
        return code;
    return inbox_follow(&owner.inbox);
}

const struct command command_footage_requests = {"footage-requests",
    "an owner's client: shows what agencies ask for, and answers each at its time", "", options, run};
