/* The rules on a resident's words: a table of which category needs what, and a look at each word. */
#include "broker/kind/alert_rules.h"

#include <strings.h>

#include "broker/kind/alert_words.h"

/* What is asked of the texts of a category. */
enum asked {
    ASK_HEADLINE,    /* the headline alone may do */
    ASK_DESCRIPTION, /* what happened must be described */
    ASK_NOTHING,     /* any description may help: somebody is looked for, or needs help */
};
static const uint8_t asked_of[] = {
    [CATEGORY_CRIME] = ASK_DESCRIPTION,
    [CATEGORY_SUSPICIOUS] = ASK_DESCRIPTION,
    [CATEGORY_SAFETY] = ASK_HEADLINE,
    [CATEGORY_FIRE] = ASK_HEADLINE,
    [CATEGORY_MEDICAL] = ASK_NOTHING,
    [CATEGORY_HAZARD] = ASK_HEADLINE,
    [CATEGORY_WEATHER] = ASK_HEADLINE,
    [CATEGORY_OTHER] = ASK_HEADLINE,
    [CATEGORY_LOST_PET] = ASK_NOTHING,
    [CATEGORY_MISSING] = ASK_NOTHING,
};

/* Each rule in English and in Spanish. */
enum { ENGLISH, SPANISH };
static const char *const empty_rule[] = {
    "needed here: say what was done, which way they went, the vehicle, the clothing",
    "hace falta: diga qué hicieron, hacia dónde fueron, el vehículo, la ropa"};
static const char *const looks_rule[] = {
    "says only what somebody looks like; what helps is what was done, which way they went, the vehicle, the "
    "clothing",
    "solo dice cómo es alguien; ayuda decir qué hicieron, hacia dónde fueron, el vehículo, la ropa"};
static const char *const hidden_rule[] = {"holds characters that cannot be seen or that turn the writing",
    "contiene caracteres que no se ven o que invierten la escritura"};

/* ---- words ---- */

/* What a text is worth: no word in it, words of every report, colours alone, only looks and judgement, or
 * something that helps. */
enum worth { WORTH_EMPTY, WORTH_LITTLE, WORTH_COLOURS, WORTH_LOOKS, WORTH_TELLS };
static const uint8_t worth_of_word[] = {[WORD_TELLS] = WORTH_TELLS,
    [WORD_PERSON] = WORTH_LOOKS,
    [WORD_JUDGEMENT] = WORTH_LOOKS,
    [WORD_COLOUR] = WORTH_COLOURS,
    [WORD_FILLS] = WORTH_LITTLE};

static bool is_number(struct text word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
    }
    return true;
}

static enum worth worth_of(struct text text)
{
    enum worth worth = WORTH_EMPTY;
    char room[32];
    size_t at = 0, len;

    while (alert_next_word(text, &at, room, &len)) {
        struct text word = {room, len};
        enum worth more = is_number(word) ? WORTH_LITTLE : worth_of_word[alert_word(word)];
        if (more > worth)
            worth = more;
    }
    return worth;
}

/* ---- characters ---- */

/* Zero-width spaces (U+200B, U+2060, U+FEFF), marks and overrides of direction (U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069). Joiners (U+200C, U+200D) belong to some scripts and to emoji. */
static bool hidden_at(struct text text, size_t i)
{
    uint8_t first = (uint8_t)text.data[i];
    if (i + 2 >= text.len)
        return false;
    uint8_t second = (uint8_t)text.data[i + 1], third = (uint8_t)text.data[i + 2];
    if (first == 0xEF)
        return second == 0xBB && third == 0xBF;
    if (first != 0xE2)
        return false;
    if (second == 0x80)
        return third == 0x8B || third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
    return second == 0x81 && (third == 0xA0 || (third >= 0xA6 && third <= 0xA9));
}

static bool has_hidden(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hidden_at(text, i))
            return true;
    }
    return false;
}

/* ---- the rules ---- */

static bool refuse(
    const struct alert *alert, const char *field, const char *const rule[2], struct refusal *refusal)
{
    bool spanish = alert->language.len >= 2 && strncasecmp(alert->language.data, "es", 2) == 0;

    *refusal = (struct refusal){
        .code = REASON_BAD_PAYLOAD, .field = field, .rule = rule[spanish ? SPANISH : ENGLISH]};
    return false;
}

bool alert_rules_pass(const struct alert *alert, struct refusal *refusal)
{
    enum worth headline = worth_of(alert->headline), description = worth_of(alert->description);
    enum asked asked = asked_of[alert->category];
    bool has_headline = headline != WORTH_EMPTY && headline != WORTH_LOOKS; /* "Street light out" */

    if (has_hidden(alert->headline))
        return refuse(alert, "headline", hidden_rule, refusal);
    if (has_hidden(alert->description))
        return refuse(alert, "description", hidden_rule, refusal);
    if (has_hidden(alert->instruction))
        return refuse(alert, "instruction", hidden_rule, refusal);
    if (asked == ASK_NOTHING || description == WORTH_TELLS)
        return true;
    if (description == WORTH_LOOKS && (asked == ASK_DESCRIPTION || !has_headline))
        return refuse(alert, "description", looks_rule, refusal);
    if (asked == ASK_DESCRIPTION)
        return refuse(alert, "description", empty_rule, refusal);
    if (has_headline)
        return true;
    return refuse(alert, "headline", headline == WORTH_LOOKS ? looks_rule : empty_rule, refusal);
}
