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
    &command_history,
    &command_enroll,
    &command_revoke,
    &command_ca_init,
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

/* "neighbors geo" alone: what there is of it. */
static bool print_family(const char *word)
{
    bool found = false;
    size_t len = strlen(word);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i]->name, word, len) != 0 || commands[i]->name[len] != ' ')
            continue;
        fprintf(stderr, "  neighbors %-16s %s\n", commands[i]->name, commands[i]->summary);
        found = true;
    }
    return found;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc >= 2 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
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
    if (argc < 2)
        print_help(stderr);
    else if (!print_family(argv[1]))
        fprintf(stderr, "neighbors: there is no command \"%s\"; neighbors --help lists them\n", argv[1]);
    return EXIT_USAGE;
}
