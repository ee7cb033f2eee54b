/* What a resident's alert must say, so that neighbors can act on it and nobody is reported for what he looks
 * like. The words are in alert_words.c, a case for each rule in tests/unit/alert_rules.tsv. */
#ifndef NEIGHBORS_BROKER_KIND_ALERT_RULES_H
#define NEIGHBORS_BROKER_KIND_ALERT_RULES_H

#include "proto/message.h"

/* True when the texts may go out. False: *refusal says which rule, in English or, for an alert in Spanish, in
 * Spanish; its texts are constants.
 *   - Crime and suspicious need a description; of the others the headline alone may do.
 *   - Description and, where it is missing, headline must say more than what somebody looks like (race,
 * origin, sex, age, colours) and what the writer makes of it ("looked suspicious"): behaviour, vehicle,
 * direction, clothing. Who is missing or needs help may be described by anything.
 *   - No characters that are not seen or that turn the direction of writing. */
bool alert_rules_pass(const struct alert *alert, struct refusal *refusal) __attribute__((warn_unused_result));

#endif
