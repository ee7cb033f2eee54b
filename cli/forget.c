/* neighbors forget: deletes what is a household's, for good, and waits for the broker's signed receipt. */
#include <string.h>

#include "bridge/log_succession.h"
#include "cli/inbox.h"
#include "cli/publish.h"
#include "proto/codec.h"

enum { DEVICES, FROM, TO, ALERTS, ENROLMENT, ACCOUNT, ID, FOR, LOG_KEY_FILE };
static const struct option_row options[] = {
    [DEVICES] = {"devices", "A,B",
        "what these devices sent, by their ids; else all that the household's did"},
    [FROM] = {"from", "TIME", "what happened since then"},
    [TO] = {"to", "TIME", "and before then"},
    [ALERTS] = {"alerts", NULL, "my alerts, remarks, flags and tips too"},
    [ENROLMENT] = {"enrolment", NULL, "with --devices: the devices themselves too"},
    [ACCOUNT] = {"account", NULL, "the whole household: everything, and everybody in it"},
    [ID] = {"id", "NAME", "your own name for it, told again in the receipt"},
    [FOR] = {"for", "SPAN", "wait so long for the receipt (10m)"},
    [LOG_KEY_FILE] = {"log-key", "FILE", "check the receipt against the operator's public key"},
    {0},
};

enum { DEVICE_TEXT = 64 * 66, WAIT_MS = 600000, TURN_MS = 100, NAME_TEXT = 65 };

struct receipt {
    const struct invocation *invocation;
    char name[NAME_TEXT];
    bool came, good;
};

static const char *word_of(const struct receipt *receipt)
{
    return !receipt->invocation->value[LOG_KEY_FILE] ? "not checked" : receipt->good ? "good" : "BAD";
}

static void print(const struct receipt *receipt, const struct deleted *deleted, struct arena *arena)
{
    if (receipt->invocation->common.json) {
        struct bytes json = codec_encode_deleted(ENCODING_JSON, deleted, arena);
        json_t *object = json_loadb((const char *)json.data, json.len, 0, NULL);
        json_object_set_new(object, "signatureIs", json_string(word_of(receipt)));
        cli_print_json(object);
        return;
    }
    printf("deleted: %llu events, %llu alerts, %u of the household; signature %s\n"
           "backups of the operator may hold it for %u days\n",
        (unsigned long long)deleted->events, (unsigned long long)deleted->alerts,
        (unsigned)deleted->principals, word_of(receipt), (unsigned)deleted->backup_days);
}

static bool is_good(const struct receipt *receipt, const struct deleted *deleted)
{
    struct log_public keys;
    const char *error;
    return receipt->invocation->value[LOG_KEY_FILE] &&
           log_public_read(receipt->invocation->value[LOG_KEY_FILE], &keys, &error) &&
           log_public_check_deleted(&keys, deleted);
}

static void on_message(void *arg, const struct link_message *message)
{
    struct receipt *receipt = arg;
    struct deleted deleted;
    struct refusal refusal;
    struct arena arena;
    if (receipt->came || !text_equal(message->topic, TEXT("nb/v1/inbox/deleted")))
        return;
    arena_init(&arena, NULL, 0);
    if (codec_decode_deleted(ENCODING_PROTOBUF, message->payload, &arena, &deleted, &refusal) &&
        text_equal(deleted.forget_id, text_of(receipt->name))) {
        receipt->came = true;
        receipt->good = is_good(receipt, &deleted);
        print(receipt, &deleted, &arena);
    }
    arena_free(&arena);
}

/* ---- asking ---- */

static enum exit_code await(struct receipt *receipt, struct link *link, int64_t until)
{
    const struct invocation *invocation = receipt->invocation;
    while (!receipt->came && cli_now() < until)
        if (!link_turn(link, TURN_MS))
            break;
    if (!receipt->came)
        return cli_fail(invocation, EXIT_UNREACHABLE,
            "it is noted and will be done, but the receipt did not come yet: it waits on the inbox of this "
            "client");
    if (invocation->value[LOG_KEY_FILE] && !receipt->good)
        return cli_fail(invocation, EXIT_REFUSED, "the receipt is not signed by that key");
    return EXIT_DONE;
}

static enum exit_code ask(struct receipt *receipt, struct link *link, const struct forget *forget,
    struct arena *arena, int64_t until)
{
    struct link_answer answer;
    struct link_publish publish = {.topic = "nb/v1/forget",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_forget(ENCODING_PROTOBUF, forget, arena)};
    if (!link_subscribe(link, "nb/v1/inbox/#", NULL, 0, &answer))
        return cli_fail(receipt->invocation, EXIT_UNREACHABLE, "the connection ended");
    json_decref(answer.properties);
    if (!link_publish(link, &publish, &answer))
        return cli_fail(receipt->invocation, EXIT_UNREACHABLE, "the connection ended");
    json_decref(answer.properties);
    if (link_refused(&answer))
        return cli_fail(
            receipt->invocation, EXIT_REFUSED, "refused: 0x%02x, %s", (unsigned)answer.reason, answer.text);
    return await(receipt, link, until);
}

static bool read_devices(const struct invocation *invocation, struct arena *arena, struct forget *out)
{
    const char *text = invocation->value[DEVICES];
    if (!text)
        return true;
    char *rest = arena_copy(arena, text, strlen(text));
    out->devices = arena_alloc(arena, LIMIT_DEVICES * sizeof *out->devices);
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (out->device_count == LIMIT_DEVICES) {
            cli_fail(invocation, EXIT_USAGE, "--devices: at most %d", LIMIT_DEVICES);
            return false;
        }
        out->devices[out->device_count++] = text_of(word);
    }
    return true;
}

static bool read_forget(const struct invocation *invocation, struct arena *arena, struct receipt *receipt,
    struct forget *out, int64_t *wait)
{
    const char *const *value = invocation->value;
    *out = (struct forget){.alerts = value[ALERTS], .account = value[ACCOUNT], .enrolment = value[ENROLMENT]};
    *wait = WAIT_MS;
    if (value[ID])
        snprintf(receipt->name, sizeof receipt->name, "%s", value[ID]);
    else
        snprintf(receipt->name, sizeof receipt->name, "forget-%lld", (long long)cli_now());
    out->forget_id = text_of(receipt->name);
    return read_devices(invocation, arena, out) &&
           (!value[FROM] || cli_time(invocation, "--from", value[FROM], &out->from)) &&
           (!value[TO] || cli_time(invocation, "--to", value[TO], &out->to)) &&
           (!value[FOR] || cli_span(invocation, "--for", value[FOR], wait));
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *const *value = invocation->value;
    struct receipt receipt = {.invocation = invocation};
    struct identity identity;
    struct forget forget;
    struct arena arena;
    struct link *link;
    int64_t wait;
    if (!value[DEVICES] && !value[FROM] && !value[TO] && !value[ALERTS] && !value[ACCOUNT])
        return cli_fail(invocation, EXIT_USAGE,
            "say what: --devices A,B, --from TIME, --to TIME, --alerts, or --account for everything");
    arena_init(&arena, NULL, 0);
    enum exit_code code = EXIT_USAGE;
    if (read_forget(invocation, &arena, &receipt, &forget, &wait))
        code = identity_find(invocation, wishes, &identity);
    if (code == EXIT_DONE) {
        snprintf(identity.client, sizeof identity.client, "forget");
        code = link_open(invocation, &identity, false, on_message, &receipt, &link);
    }
    if (code == EXIT_DONE) {
        code = ask(&receipt, link, &forget, &arena, cli_now() + wait);
        link_close(link);
    }
    arena_free(&arena);
    return code;
}

const struct command command_forget = {
    "forget", "delete what is the household's, for good, and wait for the signed receipt", "", options, run};
