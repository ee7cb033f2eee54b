/* neighbors completion: what bash completes after "neighbors", out of the tables that read the command line.
 */
#include <string.h>

#include "cli/cli.h"

static const struct option_row options[] = {{0}};

static void put_common_options(void)
{
    const struct option_row *row;
    const char *environment;
    for (size_t i = 0; (row = cli_common_option(i, &environment)) != NULL; i++)
        printf("%s--%s", i ? " " : "", row->name);
}

/* "publish", once for all the commands that begin with it. */
static void put_first_words(void)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        size_t len = strcspn(cli_commands[i]->name, " ");
        size_t before = 0;
        while (before < i && (strcspn(cli_commands[before]->name, " ") != len ||
                                 memcmp(cli_commands[before]->name, cli_commands[i]->name, len) != 0))
            before++;
        if (before == i)
            printf("%s%.*s", i ? " " : "", (int)len, cli_commands[i]->name);
    }
}

static void put_second_words(void)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        const char *name = cli_commands[i]->name, *space = strchr(name, ' ');
        if (space)
            printf("        %.*s) seconds+=' %s' ;;&\n", (int)(space - name), name, space + 1);
    }
}

static void put_options(void)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        printf("        '%s') options+='", cli_commands[i]->name);
        for (const struct option_row *row = cli_commands[i]->options; row->name; row++)
            printf(" --%s", row->name);
        puts("' ;;");
    }
}

static enum exit_code run(struct invocation *invocation)
{
    if (invocation->argument_count != 1 || strcmp(invocation->arguments[0], "bash") != 0)
        return cli_fail(invocation, EXIT_USAGE, "completion knows bash: neighbors completion bash");
    puts("# bash completion of neighbors\n_neighbors()\n{\n"
         "    local word=\"${COMP_WORDS[COMP_CWORD]}\" first=\"${COMP_WORDS[1]}\" seconds= options command\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    put_first_words();
    puts("' -- \"$word\"))\n        return\n    fi\n    case \"$first\" in");
    put_second_words();
    fputs("    esac\n"
          "    if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$seconds\" ]; then\n"
          "        COMPREPLY=($(compgen -W \"$seconds\" -- \"$word\"))\n        return\n    fi\n"
          "    command=\"$first\"\n    [ -z \"$seconds\" ] || command=\"$first ${COMP_WORDS[2]}\"\n"
          "    options='",
        stdout);
    put_common_options();
    puts("'\n    case \"$command\" in");
    put_options();
    puts("    esac\n    case \"$word\" in\n        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) "
         ";;\n"
         "        *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
         "complete -o filenames -F _neighbors neighbors");
    return EXIT_DONE;
}

const struct command command_completion = {
    "completion", "print what a shell completes commands and options with", "bash", options, run};
