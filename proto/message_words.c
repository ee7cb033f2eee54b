/* The words of the closed lists, in the order of their values. They are the words of neighbors.proto; a test
 * holds the two together. */
#include "proto/message_words.h"

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static const char *const categories[] = {NULL, "crime", "safety", "suspicious", "fire", "medical", "missing",
    "lost_pet", "hazard", "weather", "other"};
static const char *const phases[] = {NULL, "START", "UPDATE", "END", "PULSE"};
static const char *const motion_kinds[] = {
    NULL, "MOTION", "PERSON", "VEHICLE", "ANIMAL", "PACKAGE", "DOORBELL", "SOUND"};
static const char *const msg_types[] = {NULL, "ALERT", "UPDATE", "CANCEL"};
static const char *const severities[] = {NULL, "UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"};
static const char *const urgencies[] = {NULL, "UNKNOWN", "PAST", "FUTURE", "EXPECTED", "IMMEDIATE"};
static const char *const certainties[] = {NULL, "UNKNOWN", "UNLIKELY", "POSSIBLE", "LIKELY", "OBSERVED"};
static const char *const alert_states[] = {NULL, "IN_FORCE", "ENDED"};
static const char *const sender_kinds[] = {NULL, "USER", "AGENCY"};
static const char *const truths[] = {NULL, "UNVERIFIED", "CORROBORATED", "CONFIRMED", "REFUTED"};
static const char *const alert_statuses[] = {NULL, "ACTUAL", "EXERCISE", "SYSTEM", "TEST", "DRAFT"};
static const char *const flag_reasons[] = {
    NULL, "FALSE_REPORT", "DISCRIMINATION", "HARASSMENT", "PRIVACY", "SPAM", "OTHER"};
static const char *const verdict_decisions[] = {
    NULL, "CONFIRMED", "REFUTED", "APPROVED", "RELEASED", "REMOVED"};

static const char *const log_acts[] = {NULL, "ALERT", "VERDICT", "FOOTAGE_REQUEST", "RESOLVE", "REWARD",
    "REFUSAL", "DISCLOSURE", "AGENCY_ADDED", "AGENCY_REMOVED", "AGENCY_CHANGED", "MODERATION"};

static const char *const incident_types[] = {NULL, "BURGLARY", "ROBBERY", "THEFT", "VEHICLE_THEFT", "ASSAULT",
    "SHOOTING", "HOMICIDE", "ARSON", "VANDALISM", "HIT_AND_RUN", "MISSING_PERSON", "ABDUCTION"};
static const char *const case_outcomes[] = {NULL, "SOLVED", "UNSOLVED", "UNFOUNDED"};
static const char *const footage_decisions[] = {NULL, "SHARE", "DECLINE", "WITHDRAW"};

static const char *name_in(const char *const *list, int count, int value)
{
    return value > 0 && value < count ? list[value] : NULL;
}

const char *category_name(int category)
{
    return name_in(categories, COUNT(categories), category);
}

int category_of(struct text name)
{
    for (int value = 1; value < COUNT(categories); value++)
        if (text_equal(name, text_of(categories[value])))
            return value;
    return 0;
}

const char *phase_name(int phase)
{
    return name_in(phases, COUNT(phases), phase);
}

const char *motion_kind_name(int kind)
{
    return name_in(motion_kinds, COUNT(motion_kinds), kind);
}

const char *msg_type_name(int msg_type)
{
    return name_in(msg_types, COUNT(msg_types), msg_type);
}

const char *severity_name(int severity)
{
    return name_in(severities, COUNT(severities), severity);
}

const char *urgency_name(int urgency)
{
    return name_in(urgencies, COUNT(urgencies), urgency);
}

const char *certainty_name(int certainty)
{
    return name_in(certainties, COUNT(certainties), certainty);
}

const char *alert_state_name(int state)
{
    return name_in(alert_states, COUNT(alert_states), state);
}

const char *sender_kind_name(int sender_kind)
{
    return name_in(sender_kinds, COUNT(sender_kinds), sender_kind);
}

const char *truth_name(int truth)
{
    return name_in(truths, COUNT(truths), truth);
}

const char *alert_status_name(int status)
{
    return name_in(alert_statuses, COUNT(alert_statuses), status);
}

const char *flag_reason_name(int reason)
{
    return name_in(flag_reasons, COUNT(flag_reasons), reason);
}

const char *verdict_decision_name(int decision)
{
    return name_in(verdict_decisions, COUNT(verdict_decisions), decision);
}

const char *log_act_name(int act)
{
    return name_in(log_acts, COUNT(log_acts), act);
}

const char *incident_type_name(int incident)
{
    return name_in(incident_types, COUNT(incident_types), incident);
}

const char *case_outcome_name(int outcome)
{
    return name_in(case_outcomes, COUNT(case_outcomes), outcome);
}

const char *footage_decision_name(int decision)
{
    return name_in(footage_decisions, COUNT(footage_decisions), decision);
}
