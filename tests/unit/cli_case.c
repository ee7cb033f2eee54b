#include "tests/unit/cli_case.h"

#include <stdlib.h>
#include <sys/wait.h>

int run_in(const char *environment, const char *config, const char *arguments, char output[OUTPUT])
{
    char command[1280];
    setenv("PROGRAM", NEIGHBORS_PROGRAM, 1); /* its path may have what a shell would read */
    snprintf(command, sizeof command,
        "exec 2>&1; unset NEIGHBORS_AS NEIGHBORS_TOKEN_FILE; export NEIGHBORS_CONFIG=%s; %s%s %s "
        "\"$PROGRAM\"",
        config, *environment ? "export " : "", environment, *environment ? ";" : "");
    size_t len = strlen(command);
    snprintf(command + len, sizeof command - len, " %s", arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int run(const char *arguments, char output[OUTPUT])
{
    return run_in("", "", arguments, output);
}

void assert_cases(const struct command_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char output[OUTPUT];
        int code = run(cases[i].arguments, output);
        const char *expected = cases[i].output;
        bool fits = *expected == '=' ? strcmp(output, expected + 1) == 0 : strstr(output, expected) != NULL;
        if (code != cases[i].code || !fits)
            fail_msg("neighbors %s\n  ended with %d, expected %d, and said: %s", cases[i].arguments, code,
                cases[i].code, output);
    }
}
