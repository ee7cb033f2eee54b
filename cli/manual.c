/* neighbors manual: the manual page of the command line (mdoc(7)), out of the tables that read it. */
#include <string.h>

#include "cli/cli.h"

static const struct option_row options[] = {{0}};

/* In mdoc a line must not begin with a full stop, and a backslash begins an escape. */
static void put(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void put_line(const char *text)
{
    put(text);
    putchar('\n');
}

static void put_option(const struct option_row *row, const char *environment)
{
    printf(".It Fl \\-%s", row->name);
    if (row->argument)
        printf(" Ar %s", row->argument);
    putchar('\n');
    put_line(row->help);
    if (environment)
        printf(".Pq Ev %s\n", environment);
}

static void put_command(const struct command *command)
{
    printf(".Ss %s", command->name);
    if (*command->arguments)
        printf(" %s", command->arguments);
    putchar('\n');
    put_line(command->summary);
    if (!command->options->name)
        return;
    puts(".Bl -tag -width indent -compact");
    for (const struct option_row *row = command->options; row->name; row++)
        put_option(row, NULL);
    puts(".El");
}

static void put_common(void)
{
    const struct option_row *row;
    const char *environment;
    puts(".Sh OPTIONS\nEvery command understands these; what the command line does not say, the environment "
         "does.\n"
         ".Bl -tag -width indent");
    for (size_t i = 0; (row = cli_common_option(i, &environment)) != NULL; i++)
        put_option(row, environment);
    puts(".El");
}

static enum exit_code run(struct invocation *invocation)
{
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "manual takes no arguments");
    puts(".Dd $Mdocdate$\n.Dt NEIGHBORS 1\n.Os Neighbors\n.Sh NAME\n.Nm neighbors\n"
         ".Nd neighborhood alerts at the command line\n"
         ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Nm\n.Fl \\-version\n.Sh DESCRIPTION\n"
         "What operators, agencies, residents and developers do with a Neighbors broker:\n"
         "enrol and revoke, publish and follow alerts, ask for footage and answer, look after keys and "
         "records.");
    put_common();
    puts(".Sh COMMANDS");
    for (size_t i = 0; i < cli_command_count; i++)
        put_command(cli_commands[i]);
    puts(".Sh EXIT STATUS\n.Bl -tag -width indent -compact\n.It 0\nIt is done.\n.It 1\nIt was refused; the "
         "complaint "
         "says why.\n.It 2\nThe command line is wrong.\n.It 3\nThe broker or Redis cannot be reached.\n.El\n"
         ".Sh SEE ALSO\n.Xr neighbors-edge 1 ,\n.Xr neighborsd.conf 5 ,\n.Xr neighborsd 8");
    return EXIT_DONE;
}

const struct command command_manual = {"manual", "print this manual page (mdoc)", "", options, run};
