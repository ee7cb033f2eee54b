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
/* What does not survive the way through the codec, as the broker stores and delivers it; NULL: nothing. */
const char *cap_codec_difference(const struct alert *alert, struct arena *arena);
/* NULL when both say the same in all that a document can carry; else what differs. Polygons may stand in
 * another order. */
const char *cap_alert_difference(const struct alert *a, const struct alert *b);

/* The start of a document: an Alert of a sender b, without the end of alert. */
#define CAP_HEAD_OF(type, status, scope, more)                                                               \
    "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><sender>b</sender>"     \
    "<sent>2026-03-01T09:00:00-08:00</sent><status>" status "</status><msgType>" type                        \
    "</msgType><scope>" scope "</scope>" more
#define CAP_HEAD CAP_HEAD_OF("Alert", "Actual", "Public", "")
#define CAP_INFO_OF(language, event, urgency, severity, certainty, more)                                     \
    "<info><language>" language "</language><category>Met</category><event>" event                           \
    "</event><urgency>" urgency "</urgency><severity>" severity "</severity><certainty>" certainty           \
    "</certainty>" more
#define CAP_INFO CAP_INFO_OF("en-US", "Wind", "Past", "Minor", "Unknown", "")
#define CAP_AREA "<area><areaDesc>a</areaDesc>"
#define CAP_TAIL "</area></info></alert>"

#endif
