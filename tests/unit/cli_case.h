/* What the tests of the command line share: the program is called, and ends as a line of a table says. */
#ifndef NEIGHBORS_TESTS_UNIT_CLI_CASE_H
#define NEIGHBORS_TESTS_UNIT_CLI_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { OUTPUT = 32768 };

/* Runs `<environment> neighbors <arguments>` with its standard error joined in; returns how it ended. config:
 * settings of an installation, "" for none. */
int run_in(const char *environment, const char *config, const char *arguments, char output[OUTPUT]);
/* The same without an environment or an installation. */
int run(const char *arguments, char output[OUTPUT]);

/* A line of a table: how it is called, how it ends, what is among its words ("" anything; = before: all of
 * them). */
struct command_case {
    const char *arguments;
    int code;
    const char *output;
};

/* Fails the test at the first call that ends otherwise. */
void assert_cases(const struct command_case *cases, size_t count);

#endif
