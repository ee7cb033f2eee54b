/* What neighbors setup asks, and the rules that an answer keeps. */
#ifndef NEIGHBORS_CLI_SETUP_ANSWERS_H
#define NEIGHBORS_CLI_SETUP_ANSWERS_H

#include "cli/cli.h"

/* In the order in which they are asked; the first options of the command have the same numbers. */
enum setup_answer { SETUP_HOST, SETUP_NAME, SETUP_AT, SETUP_CONTACT, SETUP_STORE, SETUP_ANSWERS };

enum { SETUP_TEXT = 2 * COMMAND_FIELD };
struct setup_answers {
    char of[SETUP_ANSWERS][SETUP_TEXT]; /* of SETUP_AT "": not said */
    bool own_store;                     /* a Redis of its own on this machine */
};

/* Takes the options of the command and asks for the rest, again as long as an answer breaks its rule.
 * EXIT_DONE, or EXIT_USAGE after the complaint: an option breaks its rule, or nobody is there to ask. */
enum exit_code setup_answers_take(const struct invocation *invocation, struct setup_answers *out)
    __attribute__((warn_unused_result));

#endif
