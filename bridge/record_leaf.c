/* A row for each word that an act can be; who did it decides too. */
#include "bridge/record_leaf.h"

enum doer { NOBODY = 0, AGENCY = 1, OPERATOR = 2 };
/* What of the act is public. */
enum part { PUBLIC_NAME = 1, WORDS = 2, QUOTED = 4 /* words that may quote what was sent */, WHOM = 8 };

static const struct {
    const char *what;
    enum log_act act;
    unsigned by, parts;
} rows[] = {
    {"alert", LOG_ALERT, AGENCY, PUBLIC_NAME | WORDS},
    {"updated", LOG_ALERT, AGENCY, PUBLIC_NAME | WORDS},
    {"cancelled", LOG_ALERT, AGENCY, PUBLIC_NAME},
    {"confirmed", LOG_VERDICT, AGENCY | OPERATOR, PUBLIC_NAME},
    {"refuted", LOG_VERDICT, AGENCY | OPERATOR, PUBLIC_NAME},
    {"approved", LOG_VERDICT, AGENCY | OPERATOR, PUBLIC_NAME},
    {"released", LOG_MODERATION, OPERATOR, PUBLIC_NAME},
    {"removed", LOG_MODERATION, OPERATOR, PUBLIC_NAME},
    {"banned", LOG_MODERATION, OPERATOR, WHOM},
    {"unbanned", LOG_MODERATION, OPERATOR, WHOM},
    {"footage-request", LOG_FOOTAGE_REQUEST, AGENCY, PUBLIC_NAME | WORDS},
    {"resolved", LOG_RESOLVE, AGENCY, PUBLIC_NAME | WORDS},
    {"reward", LOG_REWARD, AGENCY, PUBLIC_NAME | WORDS},
    {"refused", LOG_REFUSAL, AGENCY, PUBLIC_NAME | WORDS | QUOTED},
    {"disclosure", LOG_DISCLOSURE, OPERATOR, WORDS},
    {"agency-added", LOG_AGENCY_ADDED, OPERATOR, WHOM},
    {"agency-changed", LOG_AGENCY_CHANGED, OPERATOR, WHOM},
    {"agency-removed", LOG_AGENCY_REMOVED, OPERATOR, WHOM},
};
enum { ROWS = sizeof rows / sizeof *rows, PUBLIC_NAME_LEN = 24 };

static bool begins(struct text text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.data, with, len) == 0;
}

static enum doer doer_of(struct text name)
{
    return begins(name, "agency/")                                           ? AGENCY
           : begins(name, "operator/") || text_equal(name, TEXT("operator")) ? OPERATOR
                                                                             : NOBODY;
}

static bool is_public_name(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("0123456789abcdef", text.data[i]))
            return false;
    return text.len == PUBLIC_NAME_LEN;
}

static bool names_somebody(struct text text)
{
    static const char *const roles[] = {"user/", "device/", "edge/", "operator/"};
    for (size_t i = 0; i < text.len; i++)
        for (size_t role = 0; role < sizeof roles / sizeof *roles; role++)
            if (begins((struct text){text.data + i, text.len - i}, roles[role]))
                return true;
    return false;
}

/* At most `most` bytes, whole characters. */
static struct text cut(struct text text, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    while (len < text.len && len && ((uint8_t)text.data[len] & 0xc0) == 0x80)
        len--;
    return (struct text){text.data, len};
}

static struct text public_words(struct text text, unsigned parts)
{
    const char *quote = parts & QUOTED && text.len ? memchr(text.data, '"', text.len) : NULL;
    if (quote)
        text.len = (size_t)(quote - text.data);
    return names_somebody(text) ? (struct text){0} : cut(text, LIMIT_RULE);
}

bool record_leaf(const struct noted_act *act, struct log_leaf *out)
{
    size_t row = 0;
    enum doer doer = doer_of(act->by);
    while (row < ROWS && !text_equal(act->what, text_of(rows[row].what)))
        row++;
    *out = (struct log_leaf){0};
    if (row == ROWS || !(rows[row].by & doer))
        return false;
    unsigned parts = rows[row].parts;
    *out = (struct log_leaf){.at = act->at,
        .act = (uint8_t)rows[row].act,
        .agency = doer == AGENCY ? cut(act->by, LIMIT_NAME) : TEXT("operator"),
        .agency_name = names_somebody(act->name) ? (struct text){0} : cut(act->name, LIMIT_NAME),
        .what = text_of(rows[row].what),
        .case_number = names_somebody(act->case_number) ? (struct text){0} : cut(act->case_number, LIMIT_ID),
        .digest = act->digest.len <= 32 ? act->digest : (struct bytes){0},
        .count = act->count};
    if (parts & PUBLIC_NAME && is_public_name(act->subject)) {
        out->public_id = act->subject;
        out->revision = act->revision;
    }
    if (parts & WHOM && begins(act->subject, "agency/"))
        out->subject = cut(act->subject, LIMIT_NAME);
    if (parts & WORDS)
        out->text = public_words(act->text, parts);
    return true;
}
