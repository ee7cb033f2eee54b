/* The closed lists of words, as the standard writes them (CAP 1.2, section 3.2). */
#include "bridge/cap/cap.h"

static const char *const statuses[] = {"Actual", "Exercise", "System", "Test", "Draft"};
static const char *const msg_types[] = {"Alert", "Update", "Cancel", "Ack", "Error"};
static const char *const scopes[] = {"Public", "Restricted", "Private"};
static const char *const categories[] = {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health",
    "Env", "Transport", "Infra", "CBRNE", "Other"};
static const char *const responses[] = {
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"};
static const char *const urgencies[] = {"Immediate", "Expected", "Future", "Past", "Unknown"};
static const char *const severities[] = {"Extreme", "Severe", "Moderate", "Minor", "Unknown"};
static const char *const certainties[] = {"Observed", "Likely", "Possible", "Unlikely", "Unknown"};

static const char *name(const char *const *words, size_t count, int value)
{
    return value >= 1 && (size_t)value <= count ? words[value - 1] : NULL;
}

#define NAMES_OF(words) name(words, sizeof(words) / sizeof *(words), value)

const char *cap_status_name(int value)
{
    return NAMES_OF(statuses);
}

const char *cap_msg_type_name(int value)
{
    return NAMES_OF(msg_types);
}

const char *cap_scope_name(int value)
{
    return NAMES_OF(scopes);
}

const char *cap_category_name(int value)
{
    return NAMES_OF(categories);
}

const char *cap_response_name(int value)
{
    return NAMES_OF(responses);
}

const char *cap_urgency_name(int value)
{
    return NAMES_OF(urgencies);
}

const char *cap_severity_name(int value)
{
    return NAMES_OF(severities);
}

const char *cap_certainty_name(int value)
{
    return NAMES_OF(certainties);
}
