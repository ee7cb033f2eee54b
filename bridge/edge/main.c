/* neighbors-edge: translates what a home's devices publish over MQTT into the neighborhood's motion events,
 * and takes to the broker what the owner shares. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bridge/edge/commands.h"

static const struct command {
    const char *name, *sentence, *usage;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "carry events from the home's MQTT broker to the neighborhood's", edge_usage_run,
        edge_command_run},
    {"setup", "from an invitation's code to an edge that runs", edge_usage_setup, edge_command_setup},
    {"status", "how a running edge is: connections, what waits, devices", edge_usage_status,
        edge_command_status},
    {"translate", "the dry run of a mapping: messages in, events out, one a line", edge_usage_translate,
        edge_command_translate},
    {"maps", "list the mappings", edge_usage_maps, edge_command_maps},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int run(const struct command *command, int argc, char **argv)
{
    if (asks_for_help(argc, argv))
        return fputs(command->usage, stdout) < 0 ? EDGE_INVALID : EDGE_DONE;
    int result = command->run(argc, argv);
    if (result == EDGE_USAGE)
        fputs(command->usage, stderr);
    return result;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("neighbors-edge " NEIGHBORS_VERSION) < 0 ? EDGE_INVALID : EDGE_DONE;
    bool help = argc == 2 && asks_for_help(argc, argv);
    FILE *out = help ? stdout : stderr;
    fputs("usage: neighbors-edge COMMAND …\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].sentence);
    fputs("neighbors-edge COMMAND --help tells its flags, neighbors-edge --version which one this is\n", out);
    return help ? EDGE_DONE : EDGE_USAGE;
}
