/* The table of kinds: for each topic who may publish to it, and what serves it. A topic of the contract
 * without a kind is refused as such, to those who may publish to it; the others learn only that they may not.
 */
#include "broker/kind/kind.h"

#include <time.h>

static const struct {
    unsigned roles;
    const struct kind *kind;
} kinds[TOPIC_COUNT] = {
    [TOPIC_MOTION] = {ROLE_DEVICE | ROLE_EDGE | ROLE_NODE, &kind_motion},
    [TOPIC_ALERT] = {ROLE_USER | ROLE_AGENCY, &kind_alert},
    [TOPIC_WITNESS] = {ROLE_USER, &kind_witness},
    [TOPIC_FLAG] = {ROLE_USER, &kind_flag},
    [TOPIC_VERDICT] = {ROLE_AGENCY | ROLE_OPERATOR, &kind_verdict},
    [TOPIC_FOOTAGE_REQUEST] = {ROLE_AGENCY, &kind_footage_request},
    [TOPIC_RESOLVE] = {ROLE_AGENCY, &kind_resolve},
    [TOPIC_FOOTAGE_ANSWER] = {ROLE_USER, &kind_footage_answer},
    [TOPIC_TIP] = {ROLE_USER | ROLE_AGENCY, &kind_tip},
    [TOPIC_REWARD] = {ROLE_AGENCY, &kind_reward},
    [TOPIC_HOUSEHOLD] = {ROLE_USER, &kind_household},
    [TOPIC_SETTINGS] = {ROLE_USER, &kind_settings},
    [TOPIC_FORGET] = {ROLE_USER, &kind_forget},
    [TOPIC_EXPORT] = {ROLE_USER, &kind_export},
    [TOPIC_DESK] = {ROLE_AGENCY, &kind_desk},
    [TOPIC_PUSH] = {ROLE_USER, &kind_push},
    [TOPIC_HISTORY] = {ROLE_DEVICE | ROLE_EDGE | ROLE_USER | ROLE_AGENCY | ROLE_OPERATOR, &kind_history},
};

const struct kind *kind_of(enum publish_topic topic)
{
    return kinds[topic].kind;
}

bool kind_allows(enum publish_topic topic, enum role role)
{
    return kinds[topic].roles & role;
}

bool kind_refuses_banned(struct publication *publication)
{
    const struct known_principal *sender = publication->principal;
    time_t until = (time_t)(sender->banned_until / 1000);
    char date[32] = "";
    struct tm parts;

    if (sender->banned_until <= broker_now(publication->broker))
        return false;
    if (gmtime_r(&until, &parts))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    publication->broker->counters.refused_banned++;
    publication->banned = true;
    publication_refuse(publication, REASON_NOT_ALLOWED, "sender",
        arena_printf(&publication->arena, "banned until %s: %s", date,
            sender->ban_reason ? sender->ban_reason : "ask the operator why"));
    return true;
}
