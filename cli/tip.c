/* neighbors tip: a resident tells an agency something, and either goes on with the conversation. Who begins
 * one gets a code, made here and shown once: the broker and the agency have its SHA-256 alone. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bridge/seal_cms.h"
#include "cli/claim_code.h"
#include "cli/publish.h"
#include "proto/codec.h"

enum { TO, TEXT_OF_TIP, ABOUT, CASE, CERTIFICATE, CODE_FILE, CONVERSATION, ID };
static const struct option_row options[] = {
    [TO] = {"to", "AGENCY", "begin a conversation with this agency (\"el-monte-police\")"},
    [TEXT_OF_TIP] = {"text", "TEXT", "what is told"},
    [ABOUT] = {"about", "PUBLIC_ID", "of the alert or the request that it is about"},
    [CASE] = {"case", "NUMBER", "of the investigation that it is about"},
    [CERTIFICATE] = {"certificate", "FILE", "seal the text to this certificate (PEM): only its key opens it"},
    [CODE_FILE] = {"code-file", "FILE", "keep the code here, or use the one that is kept"},
    [CONVERSATION] = {"conversation", "ID", "go on with this one"},
    [ID] = {"id", "ID", "your own name for this message; said twice, it is sent once (made up)"},
    {0},
};
enum { CERTIFICATE_MOST = 1 << 16, CODE_FILE_MOST = 256 };

/* ---- what is told ---- */

static enum exit_code check_usage(const struct invocation *invocation)
{
    const char *const *value = invocation->value;
    static const int beginning[] = {ABOUT, CASE, CODE_FILE};
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "tip takes options alone");
    if (!value[TEXT_OF_TIP] || !*value[TEXT_OF_TIP])
        return cli_fail(invocation, EXIT_USAGE, "say what you tell: --text TEXT");
    if (!value[TO] == !value[CONVERSATION])
        return cli_fail(invocation, EXIT_USAGE,
            "say to whom, --to AGENCY, or which conversation goes on, --conversation ID");
    for (size_t i = 0; value[CONVERSATION] && i < sizeof beginning / sizeof *beginning; i++) {
        if (value[beginning[i]])
            return cli_fail(invocation, EXIT_USAGE, "--%s is said when a conversation begins, and not again",
                options[beginning[i]].name);
    }
    return EXIT_DONE;
}

static enum exit_code seal(const struct invocation *invocation, struct arena *arena, struct tip *tip)
{
    const char *path = invocation->value[CERTIFICATE], *why;
    struct bytes pem, certificate;
    if (!cli_read_file(path, CERTIFICATE_MOST, arena, &pem))
        return cli_fail(
            invocation, EXIT_REFUSED, "--certificate: %.200s cannot be read: %s", path, strerror(errno));
    if (!seal_cms_certificate((struct text){(const char *)pem.data, pem.len}, arena, &certificate, &why) ||
        !seal_cms_seal(certificate, (struct bytes){(const uint8_t *)tip->text.data, tip->text.len}, arena,
            &tip->sealed, &why))
        return cli_fail(invocation, EXIT_REFUSED, "it cannot be sealed to %.200s: %s", path, why);
    tip->text = (struct text){0};
    return EXIT_DONE;
}

/* ---- the code ---- */

static enum exit_code read_code(
    const struct invocation *invocation, const char *path, struct arena *arena, char out[CLAIM_CODE + 1])
{
    struct bytes content;
    if (!cli_read_file(path, CODE_FILE_MOST, arena, &content))
        return cli_fail(
            invocation, EXIT_REFUSED, "--code-file: %.200s cannot be read: %s", path, strerror(errno));
    const char *typed = arena_copy(arena, content.data, content.len);
    return claim_code_read(typed, out)
               ? EXIT_DONE
               : cli_fail(invocation, EXIT_REFUSED, "--code-file: %.200s holds no code", path);
}

/* Kept before it is sent: a tip whose answer is lost has a code all the same. */
static enum exit_code find_code(
    const struct invocation *invocation, struct arena *arena, char out[CLAIM_CODE + 1])
{
    const char *path = invocation->value[CODE_FILE];
    if (path && access(path, F_OK) == 0)
        return read_code(invocation, path, arena, out);
    claim_code_make(out);
    return !path || cli_write_secret(path, out)
               ? EXIT_DONE
               : cli_fail(invocation, EXIT_REFUSED, "--code-file: %.200s cannot be written: %s", path,
                     strerror(errno));
}

/* ---- sending ---- */

static enum exit_code tell(
    const struct invocation *invocation, struct link_answer *answer, const char *id, const char *code)
{
    if (link_refused(answer))
        return publish_tell(invocation, answer, "tip", id, NULL);
    const char *conversation = publish_property(answer, "conversation-id");
    if (invocation->common.json) {
        cli_print_json(json_pack("{s:b, s:i, s:s, s:s*, s:s*}", "ok", 1, "reason", answer->reason, "id", id,
            "conversation_id", conversation, "code", code));
    } else {
        printf("tip stored in conversation %s\n", conversation ? conversation : "?");
        if (code)
            printf("Your code is %s\nIt is told this once. Who shows it with the voucher has earned the "
                   "reward: tell it nobody before.\n",
                code);
    }
    json_decref(answer->properties);
    return EXIT_DONE;
}

static void ignore(void *arg, const struct link_message *message)
{
    (void)arg, (void)message;
}

static enum exit_code send(
    const struct invocation *invocation, const struct tip *tip, const char *code, struct arena *arena)
{
    static const char *const residents[] = {"user/", NULL}, *const both[] = {"user/", "agency/", NULL};
    struct identity identity;
    struct link_answer answer;
    struct link *link;
    const struct link_publish publish = {.topic = "nb/v1/tip",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_tip(ENCODING_PROTOBUF, tip, arena)};
    enum exit_code end = identity_find(invocation, tip->conversation_id.len ? both : residents, &identity);
    if (end == EXIT_DONE)
        end = link_open(invocation, &identity, false, ignore, NULL, &link);
    if (end != EXIT_DONE)
        return end;
    if (link_publish(link, &publish, &answer))
        end = tell(invocation, &answer, tip->sender_tip_id.data, code);
    else
        end = cli_fail(invocation, EXIT_UNREACHABLE,
            "the connection ended before the broker said that it stored the tip: with --id %s and the same "
            "--code-file it can be sent again",
            tip->sender_tip_id.data);
    link_close(link);
    return end;
}

static enum exit_code begin(const struct invocation *invocation, struct tip *tip, struct arena *arena)
{
    char code[CLAIM_CODE + 1];
    uint8_t hash[CLAIM_HASH];
    enum exit_code end = find_code(invocation, arena, code);
    if (end != EXIT_DONE)
        return end;
    claim_code_hash(code, hash);
    tip->claim_hash = (struct bytes){hash, sizeof hash};
    return send(invocation, tip, code, arena);
}

static enum exit_code run(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    char made[CLI_ID];
    struct tip tip = {.agency = text_of(value[TO]),
        .text = text_of(value[TEXT_OF_TIP]),
        .about = text_of(value[ABOUT]),
        .case_number = text_of(value[CASE]),
        .conversation_id = text_of(value[CONVERSATION])};
    struct arena arena;
    enum exit_code end = check_usage(invocation);
    if (end != EXIT_DONE)
        return end;
    cli_make_id(made);
    tip.sender_tip_id = text_of(value[ID] ? value[ID] : made);
    arena_init(&arena, NULL, 0);
    if (value[CERTIFICATE])
        end = seal(invocation, &arena, &tip);
    if (end == EXIT_DONE)
        end = value[TO] ? begin(invocation, &tip, &arena) : send(invocation, &tip, NULL, &arena);
    arena_free(&arena);
    return end;
}

const struct command command_tip = {
    "tip", "a resident tells an agency something, unnamed; either side goes on", "", options, run};
