/* neighbors setup: an installation on this machine from a few questions: keys, a user of Redis, settings with
 * TLS, and, where systemd runs, the services. What the command line says is not asked. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/owner/ask.h"
#include "bridge/redis_users.h"
#include "cli/authority.h"
#include "cli/setup_answers.h"

enum { ETC = SETUP_ANSWERS, REPLACE, START, NO_START, YES };
static const struct option_row options[] = {
    [SETUP_HOST] = {"host", "NAMES",
        "the name or address that others reach this machine by; more with commas between"},
    [SETUP_NAME] = {"name", "TEXT", "what the portal calls this installation"},
    [SETUP_AT] = {"at", "LAT,LON", "where its neighborhood is: the portal's map begins there"},
    [SETUP_CONTACT] = {"contact", "MAIL", "mail address of whoever runs it"},
    [SETUP_STORE] = {"store", "URL", "the Redis that keeps everything; here: one of its own on this machine"},
    [ETC] = {"etc", "DIR", "where keys and settings go (/etc/neighbors)"},
    [REPLACE] = {"replace", NULL, "in place of settings that are there; keys are never replaced"},
    [START] = {"start", NULL, "starts the services"},
    [NO_START] = {"no-start", NULL, "does not"},
    [YES] = {"yes", NULL, "asks nothing: what no option tells is as it would be for an empty answer"},
    {0},
};

static const char OWN_STORE[] =
    "unix:/run/neighbors-redis/redis.sock?user=neighbors&password-file=%s/redis.password";
static const char GROUP[] = "neighbors", STANDARD_ETC[] = "/etc/neighbors";

struct setup {
    const struct invocation *invocation;
    const char *etc;
    struct setup_answers answers;
};

/* ---- other programs ---- */

/* Runs it and waits; true when it ended well. quiet: what it has to say is said here. */
static bool run_program(const char *const *words, bool quiet)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int nowhere = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
        if (quiet && dup2(nowhere, STDOUT_FILENO) < 0)
            _exit(127);
        execvp(words[0], (char *const *)words);
        fprintf(stderr, "neighbors: %s: %s\n", words[0], strerror(errno));
        _exit(127);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- keys ---- */

static bool exists(const struct setup *setup, const char *file)
{
    char path[2 * COMMAND_FIELD];
    snprintf(path, sizeof path, "%s/%s", setup->etc, file);
    return access(path, F_OK) == 0;
}

/* What the broker and Redis read belongs to their group, where there is one; token.key and ca.key stay the
 * owner's alone. What is no secret anybody may read, whatever the umask was. */
static bool hand_over(const struct setup *setup)
{
    static const char *const files[] = {
        "broker.secret", "log.key", "push.key", "server.key", "redis.password", REDIS_USERS_FILE};
    static const char *const open_files[] = {
        "token.pub", "log.pub", "push.pub", "server.crt", "ca.crt", "ca.crl"};
    const struct group *group = geteuid() == 0 ? getgrnam(GROUP) : NULL;
    char path[2 * COMMAND_FIELD];
    for (size_t i = 0; group && i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", setup->etc, files[i]);
        if (access(path, F_OK) != 0)
            continue;
        if (chown(path, (uid_t)-1, group->gr_gid) != 0 || chmod(path, 0640) != 0)
            return false;
    }
    for (size_t i = 0; i < sizeof open_files / sizeof *open_files; i++) {
        snprintf(path, sizeof path, "%s/%s", setup->etc, open_files[i]);
        if (chmod(path, 0644) != 0 && errno != ENOENT)
            return false;
    }
    return chmod(setup->etc, 0755) == 0;
}

/* What serves needs each of these; token.key and ca.key may be on another machine. */
static const char *const needed[] = {
    "token.pub", "log.key", "push.key", "broker.secret", "ca.crt", "ca.crl", "server.key", "server.crt"};

/* One of the needed that is not there, or NULL; *any: whether some key is. */
static const char *missing_key(const struct setup *setup, bool *any)
{
    const char *missing = NULL;
    *any = exists(setup, "token.key") || exists(setup, "ca.key");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (exists(setup, needed[i]))
            *any = true;
        else if (!missing)
            missing = needed[i];
    return missing;
}

static enum exit_code make_keys(const struct setup *setup)
{
    const char *const init[] = {
        "/proc/self/exe", "ca", "init", "--host", setup->answers.of[SETUP_HOST], "--keys", setup->etc, NULL};
    const char *const redis[] = {"/proc/self/exe", "ca", "redis", "--keys", setup->etc, NULL};
    char users[2 * COMMAND_FIELD];
    bool any;
    const char *missing = missing_key(setup, &any);
    if (missing && any)
        return cli_fail(setup->invocation, EXIT_REFUSED,
            "%.200s has keys, but no %s: bring it back; or, where a run was stopped while it made them, move "
            "them all away and run setup again",
            setup->etc, missing);
    snprintf(users, sizeof users, "%s/" REDIS_USERS_FILE, setup->etc);
    bool there = exists(setup, "redis.password") && !redis_users_file_is_old(users);
    if ((missing && !run_program(init, true)) ||
        (setup->answers.own_store && !there && !run_program(redis, true)))
        return cli_fail(setup->invocation, EXIT_REFUSED, "the keys could not be made; nothing else was done");
    return EXIT_DONE;
}

/* ---- settings ---- */

static void write_lines(const struct setup *setup, FILE *file)
{
    static const struct {
        const char *setting, *file;
    } files[] = {{"token_public_key", "token.pub"}, {"secret_file", "broker.secret"},
        {"log_key_file", "log.key"}, {"push_key_file", "push.key"}, {"tls_certificate", "server.crt"},
        {"tls_key", "server.key"}, {"tls_client_ca", "ca.crt"}, {"tls_client_crl", "ca.crl"}};
    const char *portal = "/usr/share/neighbors-portal", *host = setup->answers.of[SETUP_HOST],
               *contact = setup->answers.of[SETUP_CONTACT], *center = setup->answers.of[SETUP_AT];
    bool own = setup->answers.own_store;
    fprintf(file, "# Settings of neighborsd, by `neighbors setup`; neighborsd.conf(5) tells of all.\n");
    fprintf(file, "redis_url = \"");
    fprintf(file, own ? OWN_STORE : "%s", own ? setup->etc : setup->answers.of[SETUP_STORE]);
    fprintf(file, "\";\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        fprintf(file, "%s = \"%s/%s\";\n", files[i].setting, setup->etc, files[i].file);
    fprintf(file, "push_contact = \"mailto:%s\";\ncap_sender = \"%s\";\n", contact, contact);
    fprintf(file, "https_port = 443;\npublic_url = \"https://%.*s\";\n", (int)strcspn(host, ","), host);
    fprintf(file, "portal_name = \"%s\";\n", setup->answers.of[SETUP_NAME]);
    if (*center)
        fprintf(file, "portal_center = \"%s\";\n", center);
    if (access(portal, F_OK) == 0)
        fprintf(file, "portal_directory = \"%s\";\n", portal);
}

/* Whole and such as neighborsd takes, or not at all; until then what was there is in force. */
static enum exit_code write_settings(const struct setup *setup, const char *path)
{
    char temporary[2 * COMMAND_FIELD + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    const char *const check[] = {"neighborsd", "--config", temporary, "--check-config", NULL};
    FILE *file = cli_create_anew(temporary, 0644);
    if (!file)
        return cli_fail(setup->invocation, EXIT_REFUSED, "%s: %s", temporary, strerror(errno));
    write_lines(setup, file);
    bool good = fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    bool taken = good && run_program(check, true);
    if (taken && rename(temporary, path) == 0)
        return EXIT_DONE;
    int error = errno;
    unlink(temporary);
    return good && !taken ? cli_fail(setup->invocation, EXIT_REFUSED,
                                "neighborsd does not take this; %s is as it was", path)
                          : cli_fail(setup->invocation, EXIT_REFUSED, "%s: %s", path, strerror(error));
}

/* Settings that somebody made are left alone; those that the package brought are not. */
static bool made_by_somebody(const char *path)
{
    char line[COMMAND_FIELD] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool brought = fgets(line, sizeof line, file) && strstr(line, "as the package brings them");
    fclose(file);
    return !brought;
}

/* ---- the services ---- */

static bool start(const struct setup *setup)
{
    const char *const own[] = {"systemctl", "enable", "--now", "neighbors-redis", "neighborsd", NULL};
    const char *const other[] = {"systemctl", "enable", "--now", "neighborsd", NULL};
    const struct invocation *invocation = setup->invocation;
    bool here = access("/run/systemd/system", F_OK) == 0;
    if (invocation->value[NO_START] || (!here && !invocation->value[START]))
        return true;
    if (!invocation->value[START] && !ask_yes("Start it now?", true))
        return true;
    return run_program(setup->answers.own_store ? own : other, false);
}

/* Keys that are there are kept, with the certificate of the names of then. */
static void tell_of_certificate(const struct setup *setup, const char *host)
{
    char path[AUTHORITY_PATH];
    snprintf(path, sizeof path, "%.200s/server.crt", setup->etc);
    if (!authority_is_for(path, host))
        fprintf(stderr, "neighbors: %s is not for %s: neighbors ca renew --host %s makes another\n", path,
            host, setup->answers.of[SETUP_HOST]);
}

static void tell(const struct setup *setup, const char *path)
{
    char host[SETUP_TEXT];
    const char *center = setup->answers.of[SETUP_AT];
    snprintf(host, sizeof host, "%s", setup->answers.of[SETUP_HOST]);
    host[strcspn(host, ",")] = '\0';
    tell_of_certificate(setup, host);
    if (setup->invocation->common.json) {
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "settings", path, "keys", setup->etc));
        return;
    }
    printf(
        "Settings are in %s, keys in %s. token.key and ca.key make identities: copy them to a safe place.\n"
        "The portal is at https://%s/. Let people in, and hand them %s/ca.crt with their token or link:\n",
        path, setup->etc, host, setup->etc);
    if (strcmp(setup->etc, STANDARD_ETC) != 0) /* there the command line looks by itself */
        printf("  export NEIGHBORS_CONFIG=%s\n", path);
    printf("  neighbors enroll user ann --token-file ann.token --link\n"
           "  neighbors publish alert --as user/ann --token-file ann.token \\\n"
           "      --category safety --at %s --headline 'Hello'\n",
        *center ? center : "LAT,LON");
}

static enum exit_code run(struct invocation *invocation)
{
    struct setup setup = {.invocation = invocation, .etc = invocation->value[ETC]};
    char path[2 * COMMAND_FIELD];
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "setup takes no arguments");
    const char *const broker[] = {"neighborsd", "--version", NULL}; /* it looks at the settings below */
    if (!run_program(broker, true))
        return cli_fail(invocation, EXIT_REFUSED,
            "neighborsd cannot be run here: install it (package neighbors-broker); nothing was done");
    setup.etc = setup.etc ? setup.etc : STANDARD_ETC;
    umask(022); /* folders above it too are on the way of the broker, who is somebody else */
    snprintf(path, sizeof path, "%.400s/neighborsd.conf", setup.etc);
    if (strlen(setup.etc) >= COMMAND_FIELD || !cli_make_folder(setup.etc) || access(setup.etc, W_OK) != 0)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", setup.etc, strerror(errno));
    if (!invocation->value[REPLACE] && made_by_somebody(path))
        return cli_fail(invocation, EXIT_REFUSED,
            "%s is there already; --replace writes it anew, and keeps the keys", path);
    if (invocation->value[YES])
        ask_nobody();
    enum exit_code code = setup_answers_take(invocation, &setup.answers);
    if (code == EXIT_DONE)
        code = make_keys(&setup);
    if (code == EXIT_DONE && !hand_over(&setup))
        code = cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", setup.etc, strerror(errno));
    if (code == EXIT_DONE)
        code = write_settings(&setup, path);
    if (code != EXIT_DONE)
        return code;
    if (!start(&setup))
        return cli_fail(invocation, EXIT_REFUSED, "the services did not start: systemctl status neighborsd");
    tell(&setup, path);
    return EXIT_DONE;
}

const struct command command_setup = {
    "setup", "an installation on this machine, from five questions", "", options, run};
