/* The words of publishers: the closed list of kinds, and what a state's word means. A word outside the lists
 * is never forwarded; of a kind it means motion (the row decides), of a state no change. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "bridge/edge/mapping/row.h"

struct kind_words {
    enum motion_kind kind;
    const char *words; /* parted and framed by spaces, lower case */
};

static const struct kind_words kind_words[] = {
    {KIND_PERSON, " person people human pedestrian face adult child pedestrians persons humans "},
    {KIND_PACKAGE,
        " package parcel amazon ups fedex usps dhl dpd gls hermes an_post purolator postnl nzpost postnord "
        "canada_post royal_mail "},
    {KIND_VEHICLE, " vehicle car truck bus motorcycle motorbike bicycle bike van school_bus license_plate "
                   "licenseplate plate vehicles cars scooter lorry "},
    {KIND_ANIMAL,
        " animal pet dog cat bird horse sheep cow goat deer fox rabbit raccoon skunk squirrel bear coyote "
        "dog_cat pets animals dogs cats birds "},
    {KIND_DOORBELL, " doorbell ding visitor invite press ring ringing "},
    {KIND_SOUND, " sound audio noise speech bark scream yell crying baby_cry "
                 "baby_crying cry fire_alarm glass glass_break siren gunshot shout sound_detected "},
    {KIND_MOTION, " motion occupancy presence pir moving movement target "},
};
enum { KIND_LISTS = sizeof(kind_words) / sizeof(kind_words[0]) };

static bool in_list(const char *list, const char *word, size_t length)
{
    for (const char *at = list; (at = strstr(at, word)); at++)
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

enum motion_kind edge_kind_of(struct text word)
{
    static const char verified[] = "-verified";
    char lower[40];
    size_t length = word.len;
    if (length > sizeof(verified) - 1 &&
        memcmp(word.data + length - (sizeof(verified) - 1), verified, sizeof(verified) - 1) == 0)
        length -= sizeof(verified) - 1;
    if (length == 0 || length >= sizeof(lower) || memchr(word.data, 0, length))
        return 0;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)tolower((unsigned char)word.data[i]);
    lower[length] = 0;
    if (strchr(lower, ' '))
        return 0;
    if (strncmp(lower, "alrm", 4) == 0) /* UniFi Protect's names of sounds */
        return KIND_SOUND;
    for (size_t i = 0; i < KIND_LISTS; i++)
        if (in_list(kind_words[i].words, lower, length))
            return kind_words[i].kind;
    return 0;
}

/* How much a kind says. */
static int weight(enum motion_kind kind)
{
    static const int weights[] = {[KIND_MOTION] = 1,
        [KIND_SOUND] = 2,
        [KIND_DOORBELL] = 3,
        [KIND_ANIMAL] = 4,
        [KIND_VEHICLE] = 5,
        [KIND_PACKAGE] = 6,
        [KIND_PERSON] = 7};
    return weights[kind];
}

enum motion_kind edge_kind_better(enum motion_kind a, enum motion_kind b)
{
    return weight(b) > weight(a) ? b : a;
}

/* Takes the last word off a name whose words are parted by "_", "-", "." or a blank. */
static struct text last_word(struct text *name)
{
    size_t end = name->len;
    while (end > 0 && strchr("_-. ", name->data[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && !strchr("_-. ", name->data[start - 1]))
        start--;
    name->len = start;
    return (struct text){name->data + start, end - start};
}

static bool says_nothing(struct text word)
{
    static const char *const fillers[] = {
        "detected", "detection", "detector", "sensor", "state", "status", "alarm"};
    size_t digits = 0;
    while (digits < word.len && isdigit((unsigned char)word.data[digits]))
        digits++;
    if (digits == word.len)
        return true;
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
        if (word.len == strlen(fillers[i]) && strncasecmp(word.data, fillers[i], word.len) == 0)
            return true;
    return false;
}

static enum motion_kind kind_of_part(struct text name)
{
    struct text word = last_word(&name);
    while (word.len > 0 && says_nothing(word))
        word = last_word(&name);
    enum motion_kind kind = edge_kind_of(word);
    if (kind != KIND_MOTION)
        return kind;
    enum motion_kind before =
        edge_kind_of(last_word(&name)); /* person_occupancy; but doorbell_motion is motion */
    return before && before != KIND_DOORBELL ? before : KIND_MOTION;
}

enum motion_kind edge_kind_of_name(const char *name)
{
    enum motion_kind kind = 0;
    for (const char *part = name; part;) {
        const char *slash = strchr(part, '/');
        kind = kind_of_part((struct text){part, slash ? (size_t)(slash - part) : strlen(part)});
        if (kind && slash == NULL)
            return kind;
        if (slash == NULL)
            break;
        part = slash + 1;
    }
    const char *slash = strchr(name, '/');
    return slash ? kind_of_part((struct text){name, (size_t)(slash - name)}) : 0;
}

static const struct edge_word general[] = {{"on", MEANS_START}, {"true", MEANS_START}, {"1", MEANS_START},
    {"off", MEANS_END}, {"false", MEANS_END}, {"0", MEANS_END}, {NULL, 0}};

enum edge_meaning edge_meaning_of(const struct edge_word *words, struct text word)
{
    for (const struct edge_word *w = words ? words : general; w->word; w++)
        if (strlen(w->word) == word.len && strncasecmp(w->word, word.data, word.len) == 0)
            return w->means;
    return MEANS_NOTHING;
}
