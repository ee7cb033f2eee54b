/* From CAP's categories and event codes to our closed list. The most certain word decides: our own event
 * code, then a SAME event code (47 CFR 11.31), then words of the event, then the first CAP category that says
 * more than Other. Weather events are left to the category Met, so the tables name only what it would hide.
 */
#include <ctype.h>

#include "bridge/cap/alert_parts.h"

struct row {
    const char *word;
    uint8_t category;
};

static const struct row same_codes[] = {
    {"CAE", CATEGORY_MISSING}, /* child abduction */
    {"MEP", CATEGORY_MISSING}, /* missing and endangered person */
    {"LEW", CATEGORY_CRIME},   /* law enforcement warning */
    {"BLU", CATEGORY_CRIME},   /* blue alert */
    {"CDW", CATEGORY_SAFETY},  /* civil danger */
    {"CEM", CATEGORY_SAFETY},  /* civil emergency */
    {"EVI", CATEGORY_SAFETY},  /* evacuate at once */
    {"SPW", CATEGORY_SAFETY},  /* shelter in place */
    {"LAE", CATEGORY_SAFETY},  /* local area emergency */
    {"TOE", CATEGORY_SAFETY},  /* emergency telephone is out */
    {"FRW", CATEGORY_FIRE},    /* fire warning */
    {"WFW", CATEGORY_FIRE},    /* wild fire */
    {"IFW", CATEGORY_FIRE},    /* industrial fire */
    {"DEW", CATEGORY_MEDICAL}, /* contagious disease */
    {"HMW", CATEGORY_HAZARD},  /* hazardous materials */
    {"CHW", CATEGORY_HAZARD},  /* chemical hazard */
    {"BHW", CATEGORY_HAZARD},  /* biological hazard */
    {"NUW", CATEGORY_HAZARD},  /* nuclear power plant */
    {"RHW", CATEGORY_HAZARD},  /* radiological hazard */
    {"CWW", CATEGORY_HAZARD},  /* contaminated water */
    {"FCW", CATEGORY_HAZARD},  /* food contamination */
    {"POS", CATEGORY_HAZARD},  /* power outage */
    {"DBW", CATEGORY_HAZARD},  /* dam break */
    {"EQW", CATEGORY_HAZARD},  /* earthquake */
    {"LSW", CATEGORY_HAZARD},  /* landslide */
    {"VOW", CATEGORY_HAZARD},  /* volcano */
    {"AVW", CATEGORY_HAZARD},  /* avalanche */
    {"TSW", CATEGORY_HAZARD},  /* tsunami */
    {"RMT", CATEGORY_OTHER},   /* required monthly test */
    {"RWT", CATEGORY_OTHER},   /* required weekly test */
    {"DMO", CATEGORY_OTHER},   /* practice, demonstration */
};

/* Found where a word of the event begins; the first row that fits decides. */
static const struct row words[] = {
    {"fire weather", CATEGORY_WEATHER},
    {"red flag", CATEGORY_WEATHER},
    {"abduct", CATEGORY_MISSING},
    {"kidnap", CATEGORY_MISSING},
    {"missing", CATEGORY_MISSING},
    {"amber alert", CATEGORY_MISSING},
    {"silver alert", CATEGORY_MISSING},
    {"lost pet", CATEGORY_LOST_PET},
    {"lost dog", CATEGORY_LOST_PET},
    {"lost cat", CATEGORY_LOST_PET},
    {"suspicious", CATEGORY_SUSPICIOUS},
    {"law enforcement", CATEGORY_CRIME},
    {"blue alert", CATEGORY_CRIME},
    {"active shooter", CATEGORY_CRIME},
    {"shooting", CATEGORY_CRIME},
    {"robbery", CATEGORY_CRIME},
    {"burglary", CATEGORY_CRIME},
    {"assault", CATEGORY_CRIME},
    {"police activity", CATEGORY_CRIME},
    {"wildfire", CATEGORY_FIRE},
    {"bushfire", CATEGORY_FIRE},
    {"bush fire", CATEGORY_FIRE},
    {"grass fire", CATEGORY_FIRE},
    {"grassfire", CATEGORY_FIRE},
    {"forest fire", CATEGORY_FIRE},
    {"structure fire", CATEGORY_FIRE},
    {"medical", CATEGORY_MEDICAL},
    {"epidemic", CATEGORY_MEDICAL},
    {"hazardous material", CATEGORY_HAZARD},
    {"gas leak", CATEGORY_HAZARD},
    {"earthquake", CATEGORY_HAZARD},
    {"tsunami", CATEGORY_HAZARD},
    {"landslide", CATEGORY_HAZARD},
    {"avalanche", CATEGORY_HAZARD},
    {"volcan", CATEGORY_HAZARD},
};

static const uint8_t of_cap[] = {
    [CAP_GEO] = CATEGORY_HAZARD,
    [CAP_MET] = CATEGORY_WEATHER,
    [CAP_SAFETY] = CATEGORY_SAFETY,
    [CAP_SECURITY] = CATEGORY_CRIME,
    [CAP_RESCUE] = CATEGORY_SAFETY,
    [CAP_FIRE] = CATEGORY_FIRE,
    [CAP_HEALTH] = CATEGORY_MEDICAL,
    [CAP_ENV] = CATEGORY_HAZARD,
    [CAP_TRANSPORT] = CATEGORY_SAFETY,
    [CAP_INFRA] = CATEGORY_HAZARD,
    [CAP_CBRNE] = CATEGORY_HAZARD,
    [CAP_OTHER] = CATEGORY_OTHER,
};

/* What a category of ours is called in CAP, and the event of an alert that names none. */
static const struct cap_category_words out[] = {
    [CATEGORY_CRIME] = {CAP_SECURITY, "Crime"},
    [CATEGORY_SAFETY] = {CAP_SAFETY, "Public safety"},
    [CATEGORY_SUSPICIOUS] = {CAP_SECURITY, "Suspicious activity"},
    [CATEGORY_FIRE] = {CAP_FIRE, "Fire"},
    [CATEGORY_MEDICAL] = {CAP_HEALTH, "Medical emergency"},
    [CATEGORY_MISSING] = {CAP_RESCUE, "Missing person"},
    [CATEGORY_LOST_PET] = {CAP_OTHER, "Lost pet"},
    [CATEGORY_HAZARD] = {CAP_ENV, "Hazard"},
    [CATEGORY_WEATHER] = {CAP_MET, "Weather"},
    [CATEGORY_OTHER] = {CAP_OTHER, "Alert"},
};

struct cap_category_words cap_category_out(uint8_t category)
{
    return category >= CATEGORY_CRIME && category <= CATEGORY_OTHER ? out[category] : out[CATEGORY_OTHER];
}

static uint8_t by_code(const struct cap_info *info)
{
    for (size_t i = 0; i < info->event_code_count; i++) {
        const struct cap_pair *pair = &info->event_codes[i];
        struct text value = cap_trimmed(pair->value);
        int own = text_equal(cap_trimmed(pair->name), TEXT(CAP_OWN_CATEGORY)) ? category_of(value) : 0;
        if (own)
            return (uint8_t)own;
        if (!text_equal(cap_trimmed(pair->name), TEXT("SAME")))
            continue;
        for (size_t row = 0; row < sizeof same_codes / sizeof *same_codes; row++)
            if (text_equal(value, text_of(same_codes[row].word)))
                return same_codes[row].category;
    }
    return 0;
}

static bool begins(struct text text, size_t at, const char *word)
{
    size_t len = strlen(word);
    if (text.len - at < len || (at && isalnum((unsigned char)text.data[at - 1])))
        return false;
    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)text.data[at + i]) != word[i])
            return false;
    return true;
}

static uint8_t by_words(struct text event)
{
    enum { LOOKED_AT = 256 };
    size_t end = event.len < LOOKED_AT ? event.len : LOOKED_AT;
    for (size_t row = 0; row < sizeof words / sizeof *words; row++)
        for (size_t at = 0; at < end; at++)
            if (begins(event, at, words[row].word))
                return words[row].category;
    return 0;
}

uint8_t cap_alert_category(const struct cap_info *info)
{
    uint8_t category = by_code(info);
    category = category ? category : by_words(info->event);
    if (category)
        return category;
    for (size_t i = 0; i < info->category_count; i++)
        if (info->categories[i] >= CAP_GEO && info->categories[i] < CAP_OTHER)
            return of_cap[info->categories[i]];
    return CATEGORY_OTHER;
}
