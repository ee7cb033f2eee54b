/* What the tests of CAP documents as alerts work with: one arena for a whole program, and the newest document
 * that was read, in all its states. */
#ifndef NEIGHBORS_TESTS_UNIT_TEST_CAP_FIXTURE_H
#define NEIGHBORS_TESTS_UNIT_TEST_CAP_FIXTURE_H

#include "tests/unit/test_cap.h"
#include "tests/unit/test_cap_alert.h"

extern struct arena arena;
extern struct cap_message message;
extern struct alert alert;
extern struct cap_plan plan;
extern struct cap_placed placed;
extern struct place place;
extern struct refusal refusal;

/* For cmocka_run_group_tests: begin and end the arena. */
int prepare(void **state);
int finish(void **state);

/* Reads the document, which has to be readable, into `message`, `alert` and `plan`. False: refused, by
 * `refusal`. */
bool took(const char *document);
/* Fails unless they are the same. */
void assert_text(struct text text, const char *wanted);

#endif
