/* neighbors reward check: whether a voucher and a code belong together, without any network. What was handed
 * in is noted in a file of the agency's, so that one is good once. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bridge/voucher.h"
#include "cli/claim_code.h"
#include "cli/footage_folder.h"

enum { VOUCHER, CODE, LOG_KEY_FILE, AGENCY, USED };
static const struct option_row options[] = {
    [VOUCHER] = {"voucher", "FILE", "as `neighbors tips --folder` keeps it; - is standard input"},
    [CODE] = {"code", "CODE", "that who gave the tip has"},
    [LOG_KEY_FILE] = {"log-key", "FILE", "the public key of the broker's record (KEYS/log.pub)"},
    [AGENCY] = {"agency", "ID", "refuse vouchers of others (\"el-monte-police\")"},
    [USED] = {"used", "FILE", "note what is handed in here, and refuse it a second time"},
    {0},
};

/* ---- reading ---- */

static enum exit_code read_voucher(
    const struct invocation *invocation, struct arena *arena, struct voucher *out)
{
    char own[COMMAND_FIELD + 32];
    const char *path = invocation->value[VOUCHER], *why;
    struct log_public keys;
    struct bytes content;
    snprintf(own, sizeof own, "%s/log.pub", invocation->common.keys);
    const char *key_path = invocation->value[LOG_KEY_FILE] ? invocation->value[LOG_KEY_FILE] : own;
    if (!log_public_read(key_path, &keys, &why))
        return cli_fail(invocation, EXIT_REFUSED, "--log-key: %.200s: %s", key_path, why);
    if (!cli_read_file(path, LIMIT_VOUCHER + 16, arena, &content))
        return cli_fail(
            invocation, EXIT_REFUSED, "--voucher: %.200s cannot be read: %s", path, strerror(errno));
    struct text text = {(const char *)content.data, content.len};
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    return voucher_check_any(&keys, text, cli_now(), arena, out, &why)
               ? EXIT_DONE
               : cli_fail(invocation, EXIT_REFUSED, "the voucher is no good: %s", why);
}

/* As it was made, however it was typed; as it was typed, when another program made it. */
static bool is_claimed(const struct voucher *voucher, const char *typed)
{
    char code[CLAIM_CODE + 1];
    return (claim_code_read(typed, code) && voucher_is_claimed_by(voucher, text_of(code))) ||
           voucher_is_claimed_by(voucher, text_of(typed));
}

static enum exit_code check_claim(const struct invocation *invocation, const struct voucher *voucher)
{
    const char *agency = invocation->value[AGENCY], *code = invocation->value[CODE];
    char name[COMMAND_FIELD];
    snprintf(name, sizeof name, "agency/%.200s", agency ? agency : "");
    if (agency && !text_equal(voucher->agency, text_of(name)))
        return cli_fail(invocation, EXIT_REFUSED, "the voucher is of %.*s, not of %s",
            (int)voucher->agency.len, voucher->agency.data, name);
    if (!voucher->claim.len)
        return cli_fail(
            invocation, EXIT_REFUSED, "whoever gave the tip left no code: nobody can claim this voucher");
    return is_claimed(voucher, code)
               ? EXIT_DONE
               : cli_fail(invocation, EXIT_REFUSED, "this is not the code of the voucher");
}

/* ---- what was handed in ---- */

static bool has_line(FILE *file, const char *line)
{
    char *read = NULL;
    size_t room = 0;
    ssize_t len;
    bool found = false;
    while (!found && (len = getline(&read, &room, file)) > 0) {
        if (read[len - 1] == '\n')
            read[len - 1] = '\0';
        found = strcmp(read, line) == 0;
    }
    free(read);
    return found;
}

/* With the file locked, so that two desks that share it do not hand out one voucher twice; and on the disk
 * before anything is handed out. A line that a crash cut off is ended first. */
static bool note_line(FILE *file, const char *line)
{
    bool whole = true;
    if (fseek(file, -1, SEEK_END) == 0)
        whole = fgetc(file) == '\n';
    return fseek(file, 0, SEEK_END) == 0 && fprintf(file, "%s%s\n", whole ? "" : "\n", line) > 0 &&
           fflush(file) == 0 && fsync(fileno(file)) == 0;
}

static enum exit_code hand_in(
    const struct invocation *invocation, const struct voucher *voucher, struct arena *arena)
{
    const char *path = invocation->value[USED];
    const char *line = arena_printf(arena, "%.*s %.*s %u", (int)voucher->agency.len, voucher->agency.data,
        (int)voucher->programme.len, voucher->programme.data, voucher->number);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r+");
    enum exit_code code = EXIT_DONE;
    if (!file || flock(fd, LOCK_EX) != 0)
        code =
            cli_fail(invocation, EXIT_REFUSED, "--used: %.200s cannot be opened: %s", path, strerror(errno));
    else if (has_line(file, line))
        code = cli_fail(invocation, EXIT_REFUSED, "this voucher was handed in before");
    else if (!note_line(file, line))
        code =
            cli_fail(invocation, EXIT_REFUSED, "--used: %.200s cannot be written: %s", path, strerror(errno));
    if (file && fclose(file) != 0 && code == EXIT_DONE)
        code =
            cli_fail(invocation, EXIT_REFUSED, "--used: %.200s cannot be written: %s", path, strerror(errno));
    else if (!file && fd >= 0)
        close(fd);
    return code;
}

/* ---- telling ---- */

static json_t *text_value(struct text text)
{
    return json_stringn(text.data ? text.data : "", text.len);
}

static void tell(const struct invocation *invocation, const struct voucher *voucher)
{
    char until[32];
    footage_time(voucher->ends_at, until);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:o, s:o, s:I, s:o, s:o, s:I, s:I}", "ok", 1, "agency",
            text_value(voucher->agency), "programme", text_value(voucher->programme), "number",
            (json_int_t)voucher->number, "reward", text_value(voucher->reward), "case",
            text_value(voucher->case_number), "issued_at", (json_int_t)voucher->issued_at, "until",
            (json_int_t)voucher->ends_at));
    else
        printf("good: number %u of %.*s, by %.*s: %.*s (case %.*s, until %s)\n", voucher->number,
            (int)voucher->programme.len, voucher->programme.data, (int)voucher->agency.len,
            voucher->agency.data, (int)voucher->reward.len, voucher->reward.data,
            (int)voucher->case_number.len, voucher->case_number.data, until);
}

static enum exit_code run(struct invocation *invocation)
{
    struct voucher voucher;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "reward check takes options alone");
    if (!invocation->value[VOUCHER] || !invocation->value[CODE])
        return cli_fail(invocation, EXIT_USAGE, "say what is shown: --voucher FILE --code CODE");
    arena_init(&arena, NULL, 0);
    enum exit_code code = read_voucher(invocation, &arena, &voucher);
    if (code == EXIT_DONE)
        code = check_claim(invocation, &voucher);
    if (code == EXIT_DONE && invocation->value[USED])
        code = hand_in(invocation, &voucher, &arena);
    if (code == EXIT_DONE)
        tell(invocation, &voucher);
    arena_free(&arena);
    return code;
}

const struct command command_reward_check = {
    "reward check", "whether a voucher and a code are good, without a network", "", options, run};
