/* The subcommands of neighbors-edge. Each takes its own arguments (its name is the first) and returns the
 * exit code that CONTRACT gives: 0 done, 1 refused or invalid, 2 usage, 3 cannot reach. main.c prints the
 * usage, for
 * --help and after EDGE_USAGE. */
#ifndef NEIGHBORS_EDGE_COMMANDS_H
#define NEIGHBORS_EDGE_COMMANDS_H

enum edge_exit { EDGE_DONE = 0, EDGE_INVALID = 1, EDGE_USAGE = 2, EDGE_UNREACHABLE = 3 };

extern const char edge_usage_maps[], edge_usage_translate[], edge_usage_run[], edge_usage_setup[],
    edge_usage_status[];

int edge_command_maps(int argc, char **argv);
int edge_command_translate(int argc, char **argv);
int edge_command_run(int argc, char **argv);
int edge_command_setup(int argc, char **argv);
int edge_command_status(int argc, char **argv);

#endif
