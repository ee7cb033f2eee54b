/* neighbors ca issue, renew, revoke and list: the certificates of the own authority. */
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "bridge/registry.h"
#include "cli/authority.h"

static const struct option_row no_options[] = {{0}};

/* "<role>/<id>" of the contract. */
static bool name_valid(const char *name)
{
    char role[32];
    const char *slash = strchr(name, '/');
    if (!slash || (size_t)(slash - name) >= sizeof role)
        return false;
    snprintf(role, sizeof role, "%.*s", (int)(slash - name), name);
    return registry_role_valid(role) && registry_id_valid(slash + 1);
}

/* ---- issue ---- */

enum { ISSUE_OUT, ISSUE_TTL };
static const struct option_row issue_options[] = {
    [ISSUE_OUT] = {"out", "BASE", "where to: BASE.key and BASE.crt, in place of what is there"},
    [ISSUE_TTL] = {"ttl", "SPAN", "how long it is good (365d)"},
    {0},
};

static enum exit_code run_issue(struct invocation *invocation)
{
    const char *name = invocation->argument_count == 1 ? invocation->arguments[0] : "";
    const char *base = invocation->value[ISSUE_OUT], *ttl = invocation->value[ISSUE_TTL];
    int64_t ttl_ms = INT64_C(365) * 86400 * 1000, now = cli_now();
    struct authority authority;
    if (!name_valid(name) || !base)
        return cli_fail(
            invocation, EXIT_USAGE, "say whose and where to, such as: ca issue device/porch-1 --out porch-1");
    if (ttl && (!cli_span(invocation, "--ttl", ttl, &ttl_ms) || ttl_ms < 1000))
        return EXIT_USAGE;
    enum exit_code code = authority_open(invocation, false, &authority);
    if (code != EXIT_DONE)
        return code;
    code = authority_issue(invocation, &authority, name, now, now + ttl_ms, base);
    authority_close(&authority);
    if (code == EXIT_DONE && invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "name", name, "certificate", base));
    else if (code == EXIT_DONE)
        printf("%s.key and %s.crt speak for %s\n", base, base, name);
    return code;
}

/* ---- renew ---- */

enum { RENEW_HOST, RENEW_DAYS };
static const struct option_row renew_options[] = {
    [RENEW_HOST] = {"host", "NAMES", "further names or addresses of the broker, with commas between"},
    [RENEW_DAYS] = {"days", "N", "how long it is good (825)"},
    {0},
};

static enum exit_code run_renew(struct invocation *invocation)
{
    char names[AUTHORITY_NAMES], base[AUTHORITY_PATH];
    struct authority authority;
    int64_t days = SERVER_DAYS;
    const char *further = invocation->value[RENEW_HOST] ? invocation->value[RENEW_HOST] : "";
    const char *given = invocation->value[RENEW_DAYS];
    if (invocation->argument_count || !authority_names(further, names))
        return cli_fail(invocation, EXIT_USAGE, "ca renew [--host NAMES]: names with commas between");
    if (given && !cli_number(invocation, "--days", given, 1, AUTHORITY_DAYS - 1, &days))
        return EXIT_USAGE;
    enum exit_code code = authority_open(invocation, false, &authority);
    if (code != EXIT_DONE)
        return code;
    authority_path(invocation, "server", base);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *server = key ? authority_server(&authority, key, names, days) : NULL;
    if (!server || !authority_write(base, key, server, true))
        code = cli_fail(invocation, EXIT_REFUSED, "%s.crt cannot be written", base);
    else if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "certificate", base, "names", names));
    else
        printf("%s.crt is new, and used from the next second on\n", base);
    X509_free(server);
    EVP_PKEY_free(key);
    authority_close(&authority);
    return code;
}

/* ---- revoke ---- */

static bool is_named(void *arg, const struct issued *issued)
{
    const char *wanted = arg;
    return strcmp(issued->name, wanted) == 0 || strcasecmp(issued->serial, wanted) == 0;
}

static enum exit_code run_revoke(struct invocation *invocation)
{
    struct authority authority;
    int count = 0;
    char *what = invocation->argument_count == 1 ? invocation->arguments[0] : NULL;
    if (!what)
        return cli_fail(invocation, EXIT_USAGE,
            "say which: ROLE/ID (all of its certificates), FILE.crt, or a serial number");
    enum exit_code code = authority_open(invocation, false, &authority);
    if (code != EXIT_DONE)
        return code;
    FILE *file = fopen(what, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    if (certificate && X509_verify(certificate, authority.key) != 1)
        code = cli_fail(invocation, EXIT_REFUSED, "%.200s is not of this authority", what);
    else
        code = authority_revoke(
            invocation, &authority, certificate ? NULL : is_named, what, certificate, &count);
    X509_free(certificate);
    authority_close(&authority);
    if (code == EXIT_DONE && count == 0)
        return cli_fail(
            invocation, EXIT_REFUSED, "%.200s: no certificate that is good and not revoked", what);
    if (code == EXIT_DONE && invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:i}", "ok", 1, "revoked", what, "certificates", count));
    else if (code == EXIT_DONE)
        printf("%d certificate%s revoked; connections by %s end when the broker has read ca.crl, within a "
               "second\n",
            count, count == 1 ? " is" : "s are", count == 1 ? "it" : "them");
    return code;
}

/* ---- list ---- */

static void show(void *arg, const struct issued *issued)
{
    const struct invocation *invocation = arg;
    char day[16] = "";
    time_t until = (time_t)(issued->until / 1000);
    struct tm parts;
    const char *state = issued->revoked ? "revoked" : issued->until < cli_now() ? "expired" : "good";
    if (gmtime_r(&until, &parts))
        strftime(day, sizeof day, "%Y-%m-%d", &parts);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s, s:s, s:I, s:I, s:s}", "name", issued->name, "serial", issued->serial,
            "from", (json_int_t)issued->from, "until", (json_int_t)issued->until, "state", state));
    else
        printf("%-8s until %s  %s  %s\n", state, day, issued->serial, issued->name);
}

static enum exit_code run_list(struct invocation *invocation)
{
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca list takes no arguments");
    if (!authority_issued(invocation, show, invocation))
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: cannot be read", invocation->common.keys);
    return EXIT_DONE;
}

const struct command command_ca_issue = {
    "ca issue", "make a key and a certificate for somebody enrolled", "ROLE/ID", issue_options, run_issue};
const struct command command_ca_renew = {
    "ca renew", "make the broker a new key and certificate", "", renew_options, run_renew};
const struct command command_ca_revoke = {"ca revoke",
    "put certificates on the revocation list; the name stays enrolled", "ROLE/ID|FILE.crt|SERIAL", no_options,
    run_revoke};
const struct command command_ca_list = {
    "ca list", "tell which client certificates were made, and their state", "", no_options, run_list};
