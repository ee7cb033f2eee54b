/* A document's way through an Alert and out again, for tests and fuzzers: where codes lie is made up. */
#ifndef NEIGHBORS_TESTS_UNIT_TEST_CAP_ALERT_H
#define NEIGHBORS_TESTS_UNIT_TEST_CAP_ALERT_H

#include "bridge/cap/cap_area.h"

/* A small square for each code of the plan, no two alike. */
struct cap_resolved *cap_squares(const struct cap_plan *plan, struct arena *arena);
/* The message as an Alert with its place, every code known. False: refused, and why. */
bool cap_whole_alert(const struct cap_message *message, struct arena *arena, struct alert *out,
    struct cap_plan *plan, struct refusal *refusal);
/* The alert as an agency's document that the broker would give out. */
struct bytes cap_document_of(const struct alert *alert, struct text sender, struct arena *arena);
/* NULL when both say the same in all that a document can carry; else what differs. Polygons may stand in
 * another order. */
const char *cap_alert_difference(const struct alert *a, const struct alert *b);

#endif
