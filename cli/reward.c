/* neighbors reward stock, give, redeem: an agency says how many rewards a programme has, grants one for a
 * tip, and hands one out. */
#include <string.h>

#include "cli/publish.h"
#include "proto/codec.h"

enum { PROGRAMME = 0, ID = 1 };
#define PROGRAMME_OPTION                                                                                     \
    {                                                                                                        \
        "programme", "NAME", "your name of the programme (\"cameras-2026\")"                                 \
    }
#define ID_OPTION                                                                                            \
    {                                                                                                        \
        "id", "ID", "your own name for this message; said twice, it is done once (made up)"                  \
    }

static enum exit_code check_usage(
    const struct invocation *invocation, const int *needed, size_t count, const char *example)
{
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "%s takes options alone", invocation->command->name);
    for (size_t i = 0; i < count; i++) {
        if (!invocation->value[needed[i]])
            return cli_fail(invocation, EXIT_USAGE, "say %s", example);
    }
    return EXIT_DONE;
}

static enum exit_code send(const struct invocation *invocation, struct reward *reward, const char *label)
{
    static const char *const wishes[] = {"agency/", NULL};
    struct identity identity;
    struct arena arena;
    char made[CLI_ID];
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    cli_make_id(made);
    const char *id = invocation->value[ID] ? invocation->value[ID] : made;
    reward->sender_reward_id = text_of(id);
    reward->programme = text_of(invocation->value[PROGRAMME]);
    arena_init(&arena, NULL, 0);
    const struct link_publish publish = {.topic = "nb/v1/reward",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_reward(ENCODING_PROTOBUF, reward, &arena)};
    code = publish_once(invocation, &identity, &publish, label, id);
    arena_free(&arena);
    return code;
}

/* ---- how many there are ---- */

enum { STOCK = 2, REWARD };
static const struct option_row stock_options[] = {
    [PROGRAMME] = PROGRAMME_OPTION,
    [ID] = ID_OPTION,
    [STOCK] = {"stock", "N", "so many in all, given and left"},
    [REWARD] = {"reward", "WORDS", "what each is (\"a doorbell camera\")"},
    {0},
};

static enum exit_code run_stock(struct invocation *invocation)
{
    static const int needed[] = {PROGRAMME, STOCK, REWARD};
    struct reward reward = {.reward = text_of(invocation->value[REWARD])};
    int64_t stock = 0;
    enum exit_code code = check_usage(
        invocation, needed, 3, "which, how many, what: --programme NAME --stock N --reward WORDS");
    if (code != EXIT_DONE)
        return code;
    if (!cli_number(invocation, "--stock", invocation->value[STOCK], 1, LIMIT_STOCK, &stock))
        return EXIT_USAGE;
    reward.stock = (uint32_t)stock;
    return send(invocation, &reward, "stock");
}

const struct command command_reward_stock = {
    "reward stock", "an agency says how many rewards a programme has", "", stock_options, run_stock};

/* ---- one for a tip ---- */

enum { CONVERSATION = 2, CASE, CLAIM_TEXT, UNTIL };
static const struct option_row give_options[] = {
    [PROGRAMME] = PROGRAMME_OPTION,
    [ID] = ID_OPTION,
    [CONVERSATION] = {"conversation", "ID", "of the tip that earned it"},
    [CASE] = {"case", "NUMBER", "of the investigation, for the public record"},
    [CLAIM_TEXT] = {"claim-text", "TEXT", "how to claim it; to the one who gave the tip alone"},
    [UNTIL] = {"until", "TIME", "until when: at most a year ahead (a year)"},
    {0},
};

static enum exit_code run_give(struct invocation *invocation)
{
    static const int needed[] = {PROGRAMME, CONVERSATION, CASE};
    const char *const *value = invocation->value;
    struct reward reward = {.conversation_id = text_of(value[CONVERSATION]),
        .case_number = text_of(value[CASE]),
        .claim_text = text_of(value[CLAIM_TEXT])};
    enum exit_code code = check_usage(
        invocation, needed, 3, "of what, for which tip: --programme NAME --conversation ID --case NUMBER");
    if (code != EXIT_DONE)
        return code;
    if (value[UNTIL] && !cli_time(invocation, "--until", value[UNTIL], &reward.claim_until))
        return EXIT_USAGE;
    return send(invocation, &reward, "reward");
}

const struct command command_reward_give = {
    "reward give", "an agency grants a reward for a tip", "", give_options, run_give};

/* ---- one that is handed in ---- */

enum { NUMBER = 2 };
static const struct option_row redeem_options[] = {
    [PROGRAMME] = PROGRAMME_OPTION,
    [ID] = ID_OPTION,
    [NUMBER] = {"number", "N", "of the voucher, which `neighbors reward check` tells"},
    {0},
};

static enum exit_code run_redeem(struct invocation *invocation)
{
    static const int needed[] = {PROGRAMME, NUMBER};
    struct reward reward = {0};
    int64_t number = 0;
    enum exit_code code = check_usage(invocation, needed, 2, "which voucher: --programme NAME --number N");
    if (code != EXIT_DONE)
        return code;
    if (!cli_number(invocation, "--number", invocation->value[NUMBER], 1, UINT32_MAX, &number))
        return EXIT_USAGE;
    reward.redeem = (uint32_t)number;
    return send(invocation, &reward, "redemption");
}

const struct command command_reward_redeem = {
    "reward redeem", "an agency takes a voucher in, once", "", redeem_options, run_redeem};
