/* neighbors: the command line for operators, agencies, residents and developers. Finds the subcommand in the
 * table (commands.c) and runs it; every subcommand is a file of its own. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"

static void print_help(FILE *to)
{
    fputs("neighbors: an open neighborhood alert broker, at the command line\n\n", to);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(to, "  neighbors %-19s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fputs(
        "\nneighbors COMMAND --help tells the options of a command, neighbors --version which one this is.\n",
        to);
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
    for (size_t i = 0; i < cli_command_count; i++)
        if (of_family(cli_commands[i], word))
            fprintf(to, "  neighbors %-19s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* No command has that name: says so, and what there is when it is "neighbors geo" alone. */
static enum exit_code no_command(int argc, char **argv)
{
    bool family = false;
    for (size_t i = 0; i < cli_command_count; i++)
        family = family || of_family(cli_commands[i], argv[1]);
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
    output_begin();
    if (argc >= 2 && asks_help(argv[1])) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("neighbors " NEIGHBORS_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < cli_command_count; i++) {
        int words = words_of(cli_commands[i], argc - 1, argv + 1);
        if (words == 0)
            continue;
        struct invocation invocation;
        enum exit_code code;
        if (!cli_read(cli_commands[i], argc - words, argv + words, &invocation, &code))
            return code;
        return cli_commands[i]->run(&invocation);
    }
    if (argc >= 2)
        return no_command(argc, argv);
    print_help(stderr);
    return EXIT_USAGE;
}
