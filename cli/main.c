/* neighbors: the command line for operators, agencies, residents and developers. Finds the subcommand in the
 * table and runs it; every subcommand is a file of its own. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct command *const commands[] = {
    &command_watch,
    &command_publish_alert,
    &command_publish_cap,
    &command_publish_motion,
    &command_witness,
    &command_flag,
    &command_verdict,
    &command_settings,
    &command_forget,
    &command_export,
    &command_footage_request,
    &command_footage_received,
    &command_resolve,
    &command_footage_requests,
    &command_footage_answer,
    &command_tip,
    &command_tips,
    &command_reward_stock,
    &command_reward_give,
    &command_reward_check,
    &command_reward_redeem,
    &command_history,
    &command_enroll,
    &command_revoke,
    &command_ca_init,
    &command_ca_issue,
    &command_ca_renew,
    &command_ca_revoke,
    &command_ca_list,
    &command_ca_redis,
    &command_ca_rotate,
    &command_geo_encode,
    &command_geo_decode,
    &command_geo_neighbors,
    &command_geo_parent,
    &command_geo_children,
    &command_geo_ancestor,
    &command_geo_cover,
    &command_geo_show,
    &command_geo_contains,
    &command_geo_concerned,
    &command_geo_distance,
    &command_geo_area,
    &command_geo_check,
    &command_cap_check,
    &command_cap_rules,
    &command_poll,
    &command_moderate_list,
    &command_moderate_show,
    &command_moderate_release,
    &command_moderate_remove,
    &command_moderate_ban,
    &command_moderate_unban,
    &command_moderate_stats,
    &command_household_redeem,
    &command_household_verify,
    &command_household_show,
    &command_household_move,
    &command_household_release,
    &command_household_accept,
    &command_household_invite,
    &command_agency_invite,
    &command_agency_request,
    &command_agency_join,
    &command_agency_officer,
    &command_agency_list,
    &command_agencies_import,
    &command_disclosure,
    &command_log_head,
    &command_log_prove,
    &command_log_verify,
    &command_geocodes_import,
    &command_geocodes_show,
    &command_geocodes_list,
    &command_stats,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fputs("neighbors: an open neighborhood alert broker, at the command line\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  neighbors %-16s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nneighbors COMMAND --help tells the options of a command.\n", to);
}

/* How many words of the command line the command's name takes; 0 when it is another command. */
static int words_of(const struct command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    size_t first = space ? (size_t)(space - command->name) : strlen(command->name);
    if (argc < 1 || strlen(argv[0]) != first || memcmp(argv[0], command->name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return argc >= 2 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static bool of_family(const struct command *command, const char *word)
{
    size_t len = strlen(word);
    return strncmp(command->name, word, len) == 0 && command->name[len] == ' ';
}

static void print_family(FILE *to, const char *word)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (of_family(commands[i], word))
            fprintf(to, "  neighbors %-16s %s\n", commands[i]->name, commands[i]->summary);
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* No command has that name: says so, and what there is when it is "neighbors geo" alone. */
static enum exit_code no_command(int argc, char **argv)
{
    bool family = false;
    for (size_t i = 0; i < COMMANDS; i++)
        family = family || of_family(commands[i], argv[1]);
    if (family && argc > 2 && asks_help(argv[2])) {
        print_family(stdout, argv[1]);
        return EXIT_DONE;
    }
    const struct command none = {.name = ""};
    const struct invocation invocation = {.command = &none, .common.json = cli_asks_json(argc - 1, argv + 1)};
    bool second = family && argc > 2 && argv[2][0] != '-';
    enum exit_code code = family && !second
                              ? cli_fail(&invocation, EXIT_USAGE, "say which command of \"%.100s\"", argv[1])
                              : cli_fail(&invocation, EXIT_USAGE, "there is no command \"%.100s%s%.100s\"",
                                    argv[1], second ? " " : "", second ? argv[2] : "");
    if (family && !invocation.common.json)
        print_family(stderr, argv[1]);
    return code;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc >= 2 && asks_help(argv[1])) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        int words = words_of(commands[i], argc - 1, argv + 1);
        if (words == 0)
            continue;
        struct invocation invocation;
        enum exit_code code;
        if (!cli_read(commands[i], argc - words, argv + words, &invocation, &code))
            return code;
        return commands[i]->run(&invocation);
    }
    if (argc >= 2)
        return no_command(argc, argv);
    print_help(stderr);
    return EXIT_USAGE;
}
