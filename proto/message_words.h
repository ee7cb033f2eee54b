/* The closed lists of neighbors.proto and the words of their values in topics and JSON. Values as there; 0 is
 * UNSPECIFIED in each, and refused where the field is required. */
#ifndef NEIGHBORS_PROTO_MESSAGE_WORDS_H
#define NEIGHBORS_PROTO_MESSAGE_WORDS_H

#include "proto/bytes.h"

enum phase { PHASE_START = 1, PHASE_UPDATE, PHASE_END, PHASE_PULSE };
enum motion_kind {
    KIND_MOTION = 1,
    KIND_PERSON,
    KIND_VEHICLE,
    KIND_ANIMAL,
    KIND_PACKAGE,
    KIND_DOORBELL,
    KIND_SOUND
};
enum msg_type { MSG_ALERT = 1, MSG_UPDATE, MSG_CANCEL };
enum category {
    CATEGORY_CRIME = 1,
    CATEGORY_SAFETY,
    CATEGORY_SUSPICIOUS,
    CATEGORY_FIRE,
    CATEGORY_MEDICAL,
    CATEGORY_MISSING,
    CATEGORY_LOST_PET,
    CATEGORY_HAZARD,
    CATEGORY_WEATHER,
    CATEGORY_OTHER
};
enum severity { SEVERITY_UNKNOWN = 1, SEVERITY_MINOR, SEVERITY_MODERATE, SEVERITY_SEVERE, SEVERITY_EXTREME };
enum urgency { URGENCY_UNKNOWN = 1, URGENCY_PAST, URGENCY_FUTURE, URGENCY_EXPECTED, URGENCY_IMMEDIATE };
enum certainty {
    CERTAINTY_UNKNOWN = 1,
    CERTAINTY_UNLIKELY,
    CERTAINTY_POSSIBLE,
    CERTAINTY_LIKELY,
    CERTAINTY_OBSERVED
};
enum alert_state { ALERT_IN_FORCE = 1, ALERT_ENDED };
enum sender_kind { SENDER_USER = 1, SENDER_AGENCY };
enum alert_status { STATUS_ACTUAL = 1, STATUS_EXERCISE, STATUS_SYSTEM, STATUS_TEST, STATUS_DRAFT };
enum flag_reason {
    FLAG_FALSE_REPORT = 1,
    FLAG_DISCRIMINATION,
    FLAG_HARASSMENT,
    FLAG_PRIVACY,
    FLAG_SPAM,
    FLAG_OTHER
};
enum verdict_decision {
    VERDICT_CONFIRMED = 1,
    VERDICT_REFUTED,
    VERDICT_APPROVED,
    VERDICT_RELEASED,
    VERDICT_REMOVED
};
enum incident_type {
    INCIDENT_BURGLARY = 1,
    INCIDENT_ROBBERY,
    INCIDENT_THEFT,
    INCIDENT_VEHICLE_THEFT,
    INCIDENT_ASSAULT,
    INCIDENT_SHOOTING,
    INCIDENT_HOMICIDE,
    INCIDENT_ARSON,
    INCIDENT_VANDALISM,
    INCIDENT_HIT_AND_RUN,
    INCIDENT_MISSING_PERSON,
    INCIDENT_ABDUCTION
};
enum case_outcome { OUTCOME_SOLVED = 1, OUTCOME_UNSOLVED, OUTCOME_UNFOUNDED };
enum footage_decision { FOOTAGE_SHARE = 1, FOOTAGE_DECLINE, FOOTAGE_WITHDRAW };
enum truth { TRUTH_UNVERIFIED = 1, TRUTH_CORROBORATED, TRUTH_CONFIRMED, TRUTH_REFUTED };

/* What the public record says of. */
enum log_act {
    LOG_ALERT = 1,
    LOG_VERDICT,
    LOG_FOOTAGE_REQUEST,
    LOG_RESOLVE,
    LOG_REWARD,
    LOG_REFUSAL,
    LOG_DISCLOSURE,
    LOG_AGENCY_ADDED,
    LOG_AGENCY_REMOVED,
    LOG_AGENCY_CHANGED,
    LOG_MODERATION
};

/* The closed lists in the words of topics and JSON; NULL for a value outside the list.
 * category_name gives "lost_pet", ...; the others the proto enum's own name, "PERSON", "START", ... */
const char *category_name(int category);
/* The category of a topic level, 0 when there is none of that name. */
int category_of(struct text name);
const char *phase_name(int phase);
const char *motion_kind_name(int kind);
const char *severity_name(int severity);
const char *alert_state_name(int state);
const char *truth_name(int truth);
const char *msg_type_name(int msg_type);
const char *urgency_name(int urgency);
const char *certainty_name(int certainty);
const char *sender_kind_name(int sender_kind);
const char *alert_status_name(int status);
const char *flag_reason_name(int reason);
const char *verdict_decision_name(int decision);
const char *log_act_name(int act);
const char *incident_type_name(int incident);
const char *case_outcome_name(int outcome);
const char *footage_decision_name(int decision);

#endif
