/* neighbors tips: what comes of tips. A resident sees what agencies answer and the vouchers of rewards; an
 * agency sees tips, and opens sealed ones with its key. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bridge/seal_cms.h"
#include "cli/footage_folder.h"
#include "cli/inbox.h"

enum { KEY, FOLDER, CLIENT, COUNT, FOR };
static const struct option_row options[] = {
    [KEY] = {"key", "FILE", "the private key of the agency's certificate, PEM: opens what was sealed to it"},
    [FOLDER] = {"folder", "DIR", "where to keep vouchers and what is sealed (not kept)"},
    [CLIENT] = {"client", "ID", "the session that listens (" TIPS_CLIENT ")"},
    [COUNT] = {"count", "N", "stop after so many"},
    [FOR] = {"for", "SPAN", "stop after so long, such as 30s"},
    {0},
};
enum { KEY_MOST = 1 << 16 };

struct listener {
    struct inbox inbox;
    struct text key; /* len 0: none */
    const char *folder;
    bool failed; /* something could not be kept */
};

static void print_text(const char *label, struct text text)
{
    if (text.len)
        printf("  %s: %.*s\n", label, (int)text.len, text.data);
}

/* Keeps it under that name, in the place of the same that came before; *path is in the arena. */
static bool keep(
    struct listener *listener, const char *name, struct bytes content, struct arena *arena, const char **path)
{
    *path = arena_printf(arena, "%s/%s", listener->folder, name);
    unlink(*path);
    FILE *file = cli_create(*path, 0600);
    bool written = file && fwrite(content.data, 1, content.len, file) == content.len;
    if (file && fclose(file) != 0)
        written = false;
    if (!written) {
        fprintf(stderr, "neighbors: %.200s cannot be written: %s\n", *path, strerror(errno));
        listener->failed = true;
        *path = NULL;
    }
    return written;
}

static void print_json(const char *kind, struct bytes json, struct text opened, const char *file)
{
    json_t *object = json_loadb((const char *)json.data, json.len, 0, NULL);
    json_object_set_new(object, "kind", json_string(kind));
    if (opened.len)
        json_object_set_new(object, "opened", json_stringn(opened.data, opened.len));
    if (file)
        json_object_set_new(object, "file", json_string(file));
    cli_print_json(object);
}

/* ---- tips ---- */

static struct text open_sealed(const struct listener *listener, const struct tip *tip, struct arena *arena)
{
    struct bytes plain = {0};
    const char *why;
    if (!tip->sealed.len || !listener->key.len)
        return (struct text){0};
    if (!seal_cms_open(tip->sealed, listener->key, arena, &plain, &why)) {
        fprintf(stderr, "neighbors: what came in conversation %.*s cannot be opened: %s\n",
            (int)tip->conversation_id.len, tip->conversation_id.data, why);
        return (struct text){0};
    }
    return (struct text){(const char *)plain.data, plain.len};
}

static void print_tip(const struct tip *tip, struct text opened)
{
    char when[32];
    footage_time(tip->at, when);
    printf("%s, conversation %.*s, %s:\n", when, (int)tip->conversation_id.len, tip->conversation_id.data,
        tip->from_agency ? "the agency" : "the resident");
    print_text("about", tip->about);
    print_text("case", tip->case_number);
    print_text("said", tip->text);
    if (opened.len)
        print_text("said under seal", opened);
    else if (tip->sealed.len)
        printf("  %zu bytes sealed\n", tip->sealed.len);
}

static bool take_tip(struct listener *listener, struct bytes payload, struct arena *arena)
{
    struct tip tip;
    struct refusal refusal;
    const char *file = NULL;
    if (!codec_decode_tip(ENCODING_PROTOBUF, payload, arena, &tip, &refusal))
        return false;
    if (tip.sealed.len && listener->folder)
        keep(listener, arena_printf(arena, "tip-%.*s.cms", (int)tip.tip_id.len, tip.tip_id.data), tip.sealed,
            arena, &file);
    struct text opened = open_sealed(listener, &tip, arena);
    if (listener->inbox.invocation->common.json)
        print_json("tip", codec_encode_tip(ENCODING_JSON, &tip, arena), opened, file);
    else
        print_tip(&tip, opened);
    return true;
}

/* ---- rewards ---- */

static void print_reward(const struct reward *reward, const char *file)
{
    char until[32];
    footage_time(reward->claim_until, until);
    printf("conversation %.*s earned a reward of %.*s: %.*s\n", (int)reward->conversation_id.len,
        reward->conversation_id.data, (int)reward->agency_name.len, reward->agency_name.data,
        (int)reward->reward.len, reward->reward.data);
    print_text("case", reward->case_number);
    print_text("how to claim it", reward->claim_text);
    printf("  number %u of %.*s, to be claimed by %s, with your code\n", reward->number,
        (int)reward->programme.len, reward->programme.data, until);
    if (file)
        printf("  voucher: %s\n", file);
    else
        print_text("voucher", reward->voucher);
}

static bool take_reward(struct listener *listener, struct bytes payload, struct arena *arena)
{
    struct reward reward;
    struct refusal refusal;
    const char *file = NULL;
    if (!codec_decode_reward(ENCODING_PROTOBUF, payload, arena, &reward, &refusal))
        return false;
    if (listener->folder)
        keep(listener,
            arena_printf(arena, "%.*s-%.*s-%u.voucher", (int)reward.conversation_id.len,
                reward.conversation_id.data, (int)reward.programme.len, reward.programme.data, reward.number),
            (struct bytes){(const uint8_t *)reward.voucher.data, reward.voucher.len}, arena, &file);
    if (listener->inbox.invocation->common.json)
        print_json("reward", codec_encode_reward(ENCODING_JSON, &reward, arena), (struct text){0}, file);
    else
        print_reward(&reward, file);
    return true;
}

/* ---- the inbox ---- */

static void on_message(void *arg, const struct link_message *message)
{
    struct listener *listener = arg;
    bool tip = text_equal(message->topic, TEXT("nb/v1/inbox/tip"));
    struct arena arena;
    if ((!tip && !text_equal(message->topic, TEXT("nb/v1/inbox/reward"))) || listener->inbox.left == 0)
        return;
    arena_init(&arena, NULL, 0);
    bool taken =
        tip ? take_tip(listener, message->payload, &arena) : take_reward(listener, message->payload, &arena);
    if (taken && listener->inbox.left > 0)
        listener->inbox.left--;
    arena_free(&arena);
}

static enum exit_code read_key(
    const struct invocation *invocation, struct arena *arena, struct listener *listener)
{
    const char *path = invocation->value[KEY];
    struct bytes key;
    if (!path)
        return EXIT_DONE;
    if (!cli_read_file(path, KEY_MOST, arena, &key))
        return cli_fail(invocation, EXIT_REFUSED, "--key: %.200s cannot be read: %s", path, strerror(errno));
    listener->key = (struct text){(const char *)key.data, key.len};
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", "agency/", NULL};
    const char *const *value = invocation->value;
    struct listener listener = {
        .inbox = {.client = TIPS_CLIENT, .handler = on_message, .arg = &listener}, .folder = value[FOLDER]};
    struct arena arena;
    enum exit_code code;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "tips takes options alone");
    if (!inbox_read(&listener.inbox, invocation, wishes, value[CLIENT], value[COUNT], value[FOR], &code))
        return code;
    if (value[FOLDER] && !cli_make_folder(value[FOLDER]))
        return cli_fail(
            invocation, EXIT_REFUSED, "--folder: %.200s cannot be made: %s", value[FOLDER], strerror(errno));
    arena_init(&arena, NULL, 0);
    code = read_key(invocation, &arena, &listener);
    if (code == EXIT_DONE)
        code = inbox_follow(&listener.inbox);
    arena_free(&arena);
    return code == EXIT_DONE && listener.failed ? EXIT_REFUSED : code;
}

const struct command command_tips = {
    "tips", "what comes of tips: answers, rewards; an agency's tips", "", options, run};
