/* The table of breaches: a row for each way to break a rule, what that costs, and for whose documents. A row
 * that is tolerated says what is certain in its meaning; what is unsure in it is refused from everybody. */
#include "bridge/cap/cap_inside.h"

enum { NOBODY = 0, STRICTLY = 1, BUT_FORGIVEN = 2, ALWAYS = 3 };

#define ROW(breach, name, rule, within, level, cost, sentence)                                               \
    [breach] = {                                                                                             \
        name, rule, within, level, (cost) >= STRICTLY, (cost) >= BUT_FORGIVEN, (cost) >= ALWAYS, sentence}

/* STRICTLY: refused where the standard decides, tolerated from those who send. BUT_FORGIVEN: tolerated only
 * from an agency whose feed is set to be read so. */
static const struct cap_breach_row rows[BREACH_COUNT] = {
    /* clang-format off */
    ROW(NOT_WELL_FORMED, "not-well-formed", "R01", NULL, 'M', ALWAYS, "the document must be well-formed XML"),
    ROW(BLANK_BEFORE_XML, "blank-before-xml", "R01", NULL, 'M', STRICTLY, "nothing may stand before the XML declaration"),
    ROW(ROOT_OTHER, "root-other", "R01", NULL, 'M', ALWAYS, "the root must be one alert element of CAP"),
    ROW(NAMESPACE_OTHER, "namespace-other", "R01", NULL, 'M', ALWAYS, "the namespace must be " CAP_NAMESPACE_12),
    ROW(VERSION_10, "version-1.0", "R01", NULL, 'M', ALWAYS, "CAP 1.0 is not read; send CAP 1.2, namespace " CAP_NAMESPACE_12),
    ROW(VERSION_11, "version-1.1", "R01", NULL, 'M', STRICTLY, "CAP 1.1 is another version; CAP 1.2 has the namespace " CAP_NAMESPACE_12),
    ROW(ENCODING_UNKNOWN, "encoding-unknown", "R02", "R01", 'M', ALWAYS, "the encoding must be UTF-8, UTF-16 or another that is known"),
    ROW(BYTES_INVALID, "bytes-invalid", "R02", "R01", 'M', ALWAYS, "every character must be one of XML in the declared encoding"),
    ROW(DOCTYPE_THERE, "doctype", "R03", NULL, 'B', ALWAYS, "a document type is not accepted, nor the entities in it"),
    ROW(ENTITY_UNKNOWN, "entity-unknown", "R03b", "R01", 'M', ALWAYS, "only the five entities of XML and numeric characters may be used"),
    ROW(XINCLUDE_THERE, "xinclude", "R03", "R04", 'B', ALWAYS, "nothing is included from elsewhere"),
    ROW(TOO_DEEP, "too-deep", "R03", "R01", 'B', ALWAYS, "elements may be nested 32 deep"),
    ROW(TOO_MANY_ATTRIBUTES, "too-many-attributes", "R03", "R04", 'B', ALWAYS, "an element may have 64 attributes"),
    ROW(TAG_TOO_LONG, "tag-too-long", "R03", "R04", 'B', ALWAYS, "a tag may have 16 KiB"),
    ROW(ELEMENT_ORDER, "order", "R04", NULL, 'M', STRICTLY, "elements must stand in the order of the schema"),
    ROW(ELEMENT_REPEATED, "repeated", "R04", NULL, 'M', ALWAYS, "this element may stand once"),
    ROW(ELEMENT_UNKNOWN, "unknown-element", "R04", NULL, 'M', ALWAYS, "only the elements of the standard may stand here, and a Signature at the end of alert"),
    ROW(ELEMENT_INSIDE_TEXT, "element-inside-text", "R04", NULL, 'M', ALWAYS, "only text may stand in this element"),
    ROW(ATTRIBUTE_UNKNOWN, "attribute", "R04", NULL, 'M', STRICTLY, "the elements of CAP have no attributes"),
    ROW(TEXT_STRAY, "stray-text", "R04", NULL, 'M', BUT_FORGIVEN, "only elements may stand in this element, no text"),
    ROW(WORD_LOOSE, "word-loose", "R04", NULL, 'M', STRICTLY, "the word must be written exactly as in the standard"),
    ROW(TOO_LARGE, "too-large", "R05", NULL, 'B', ALWAYS, "a document may have 4 MiB"),
    ROW(TOO_MANY_ELEMENTS, "too-many-elements", "R05", NULL, 'B', ALWAYS, "a document may have 200,000 elements"),
    ROW(TOO_MANY_NAMES, "too-many-names", "R05", NULL, 'B', ALWAYS, "addresses and incidents may have 100,000 names"),
    ROW(TOO_MANY_STRANGERS, "too-many-strangers", "R05", NULL, 'B', ALWAYS, "a document may have 20,000 attributes, and 2,000 elements and as many instructions that are not of CAP"),
    ROW(TOO_MANY_POINTS, "too-many-points", "R05", NULL, 'B', ALWAYS, "a polygon may have 100,000 points, a document 400,000"),
    ROW(IDENTIFIER_MISSING, "identifier-missing", "R06", "R04", 'M', ALWAYS, "alert must have an identifier"),
    ROW(IDENTIFIER_EMPTY, "identifier-empty", "R06", NULL, 'M', ALWAYS, "identifier must not be empty"),
    ROW(IDENTIFIER_CHARACTER, "identifier-character", "R06", NULL, 'M', ALWAYS, "identifier must have no blank, comma, < or &"),
    ROW(SENDER_MISSING, "sender-missing", "R07", "R04", 'M', ALWAYS, "alert must have a sender"),
    ROW(SENDER_EMPTY, "sender-empty", "R07", NULL, 'M', ALWAYS, "sender must not be empty"),
    ROW(SENDER_CHARACTER, "sender-character", "R07", NULL, 'M', ALWAYS, "sender must have no blank, comma, < or &"),
    ROW(SENT_MISSING, "sent-missing", "R08", "R04", 'M', ALWAYS, "alert must say when it was sent"),
    ROW(TIME_FORM, "time-form", "R08", "R04", 'M', ALWAYS, "a time must be a real one of the form 2026-03-01T09:00:00-08:00"),
    ROW(TIME_Z, "time-z", "R08", "R04", 'M', STRICTLY, "UTC must be written -00:00, not Z"),
    ROW(TIME_FRACTION, "time-fraction", "R08", "R04", 'M', STRICTLY, "a time must have whole seconds"),
    ROW(STATUS_MISSING, "status-missing", "R09", "R04", 'M', ALWAYS, "alert must have a status"),
    ROW(STATUS_WORD, "status-word", "R09", "R04", 'M', ALWAYS, "status must be Actual, Exercise, System, Test or Draft"),
    ROW(TYPE_MISSING, "type-missing", "R10", "R04", 'M', ALWAYS, "alert must have a msgType"),
    ROW(TYPE_WORD, "type-word", "R10", "R04", 'M', ALWAYS, "msgType must be Alert, Update, Cancel, Ack or Error"),
    ROW(SCOPE_MISSING, "scope-missing", "R11", "R04", 'M', ALWAYS, "alert must have a scope"),
    ROW(SCOPE_WORD, "scope-word", "R11", "R04", 'M', ALWAYS, "scope must be Public, Restricted or Private"),
    ROW(RESTRICTION_MISSING, "restriction-missing", "R12", NULL, 'M', ALWAYS, "scope Restricted needs a restriction"),
    ROW(ADDRESSES_MISSING, "addresses-missing", "R13", NULL, 'M', ALWAYS, "scope Private needs addresses"),
    ROW(REFERENCE_FORM, "reference-form", "R14", NULL, 'M', ALWAYS, "references must be sender,identifier,sent, blanks between them"),
    ROW(REFERENCE_TIME, "reference-time", "R14", NULL, 'M', ALWAYS, "the third part of a reference must be the time that message was sent"),
    ROW(REFERENCE_TIME_LOOSE, "reference-time-loose", "R14", NULL, 'S', NOBODY, "the time in a reference should have the form 2026-03-01T09:00:00-08:00"),
    ROW(REFERENCES_MISSING, "references-missing", "R14", NULL, 'M', ALWAYS, "Update, Cancel, Ack and Error must name a message in references"),
    ROW(REFERENCES_EMPTY, "references-empty", "R14", NULL, 'S', NOBODY, "an empty references element should be left out"),
    ROW(NOTE_MISSING, "note-missing", "R15", NULL, 'S', NOBODY, "an Exercise should name itself in note, an Error explain itself there"),
    ROW(QUOTE_OPEN, "quote-open", "R16", NULL, 'S', NOBODY, "a double quote should be closed"),
    ROW(NO_INFO, "no-info", "R25", NULL, 'B', NOBODY, "an Alert or Update without info reaches nobody"),
    ROW(NO_AREA, "no-area", "R25", NULL, 'B', NOBODY, "an info without area reaches nobody"),
    ROW(LANGUAGE_FORM, "language-form", "R26", "R04", 'M', STRICTLY, "language must be a tag such as en-US"),
    ROW(CATEGORY_MISSING, "category-missing", "R28", "R04", 'M', ALWAYS, "info must have a category"),
    ROW(CATEGORY_WORD, "category-word", "R28", "R04", 'M', ALWAYS, "category must be Geo, Met, Safety, Security, Rescue, Fire, Health, Env, Transport, Infra, CBRNE or Other"),
    ROW(EVENT_MISSING, "event-missing", "R29", "R04", 'M', ALWAYS, "info must have an event"),
    ROW(EVENT_EMPTY, "event-empty", "R29", NULL, 'M', ALWAYS, "event must not be empty"),
    ROW(RESPONSE_WORD, "response-word", "R30", "R04", 'M', ALWAYS, "responseType must be Shelter, Evacuate, Prepare, Execute, Avoid, Monitor, Assess, AllClear or None"),
    ROW(URGENCY_MISSING, "urgency-missing", "R31", "R04", 'M', ALWAYS, "info must have an urgency"),
    ROW(URGENCY_WORD, "urgency-word", "R31", "R04", 'M', ALWAYS, "urgency must be Immediate, Expected, Future, Past or Unknown"),
    ROW(SEVERITY_MISSING, "severity-missing", "R31", "R04", 'M', ALWAYS, "info must have a severity"),
    ROW(SEVERITY_WORD, "severity-word", "R31", "R04", 'M', ALWAYS, "severity must be Extreme, Severe, Moderate, Minor or Unknown"),
    ROW(CERTAINTY_MISSING, "certainty-missing", "R31", "R04", 'M', ALWAYS, "info must have a certainty"),
    ROW(CERTAINTY_WORD, "certainty-word", "R31", "R04", 'M', ALWAYS, "certainty must be Observed, Likely, Possible, Unlikely or Unknown"),
    ROW(CERTAINTY_VERY_LIKELY, "certainty-very-likely", "R31", "R04", 'M', STRICTLY, "Very Likely is of CAP 1.0; it is called Likely"),
    ROW(PAIR_NAME_MISSING, "pair-name-missing", "R33", "R04", 'M', ALWAYS, "eventCode, parameter and geocode must have a valueName"),
    ROW(PAIR_VALUE_MISSING, "pair-value-missing", "R33", "R04", 'M', ALWAYS, "eventCode, parameter and geocode must have a value"),
    ROW(PAIR_EMPTY, "pair-empty", "R33", "R04", 'M', STRICTLY, "eventCode, parameter and geocode must have a valueName and a value"),
    ROW(WEB_RELATIVE, "web-relative", "R34", NULL, 'M', STRICTLY, "web must be an absolute URI"),
    ROW(URI_FORM, "uri-form", "R34", "R04", 'M', STRICTLY, "web and uri must be URIs"),
    ROW(URI_RELATIVE, "uri-relative", "R34", NULL, 'M', STRICTLY, "uri must be absolute where there is no derefUri"),
    ROW(RESOURCE_DESC_MISSING, "resource-desc-missing", "R35", "R04", 'M', STRICTLY, "resource must have a resourceDesc"),
    ROW(MIME_TYPE_MISSING, "mime-type-missing", "R35", "R04", 'M', STRICTLY, "resource must have a mimeType"),
    ROW(SIZE_FORM, "size-form", "R35", "R04", 'M', STRICTLY, "size must be a whole number"),
    ROW(DIGEST_FORM, "digest-form", "R35", NULL, 'S', NOBODY, "digest should be the SHA-1 of the resource, 40 hexadecimal digits"),
    ROW(AREA_DESC_MISSING, "area-desc-missing", "R36", "R04", 'M', ALWAYS, "area must have an areaDesc"),
    ROW(AREA_DESC_EMPTY, "area-desc-empty", "R36", NULL, 'M', BUT_FORGIVEN, "areaDesc must not be empty"),
    ROW(AREA_UNPLACED, "area-unplaced", "R40", NULL, 'S', NOBODY, "an area without polygon, circle and geocode reaches nobody"),
    ROW(COORDINATE_FORM, "coordinate-form", "R37", NULL, 'M', ALWAYS, "points must be latitude,longitude in decimal degrees, blanks between them"),
    ROW(COORDINATE_BLANK, "coordinate-blank", "R37", NULL, 'M', STRICTLY, "no blank may stand beside the comma of a point"),
    ROW(COORDINATE_RANGE, "coordinate-range", "R37", NULL, 'M', ALWAYS, "latitude must be -90 to 90, longitude -180 to 180, in this order"),
    ROW(POLYGON_EMPTY, "polygon-empty", "R38", NULL, 'M', STRICTLY, "a polygon must not be empty"),
    ROW(POLYGON_NOTHING, "polygon-nothing", "R38", NULL, 'M', ALWAYS, "a polygon must not be empty, least of all where nothing else tells the area"),
    ROW(POLYGON_SHORT, "polygon-short", "R38", NULL, 'M', ALWAYS, "a polygon must have four points or more"),
    ROW(POLYGON_OPEN, "polygon-open", "R38", NULL, 'M', BUT_FORGIVEN, "the last point of a polygon must be its first"),
    ROW(POLYGON_FLAT, "polygon-flat", "R38", NULL, 'M', ALWAYS, "a polygon must have three points that differ"),
    ROW(CIRCLE_FORM, "circle-form", "R39", NULL, 'M', ALWAYS, "a circle must be latitude,longitude, one space, and a radius in km that is not negative"),
    ROW(CIRCLE_BLANK, "circle-blank", "R39", NULL, 'M', STRICTLY, "one space must stand before the radius of a circle, none beside the comma"),
    ROW(CIRCLE_RANGE, "circle-range", "R39", NULL, 'M', ALWAYS, "latitude must be -90 to 90, longitude -180 to 180, in this order"),
    ROW(CIRCLE_EMPTY, "circle-empty", "R39", NULL, 'M', STRICTLY, "a circle must not be empty"),
    ROW(CIRCLE_NOTHING, "circle-nothing", "R39", NULL, 'M', ALWAYS, "a circle must not be empty, least of all where nothing else tells the area"),
    ROW(GEOCODE_INCOMPLETE, "geocode-incomplete", "R40", NULL, 'M', STRICTLY, "a geocode must have a scheme and a code of it"),
    ROW(GEOCODE_ALONE, "geocode-alone", "R40", NULL, 'S', NOBODY, "an area with a geocode should have a polygon or circle too"),
    ROW(ALTITUDE_FORM, "altitude-form", "R41", "R04", 'M', STRICTLY, "altitude must be a number of feet"),
    ROW(CEILING_FORM, "ceiling-form", "R41", "R04", 'M', STRICTLY, "ceiling must be a number of feet"),
    ROW(CEILING_ALONE, "ceiling-alone", "R41", NULL, 'M', STRICTLY, "ceiling needs an altitude"),
    ROW(SIGNATURE_FAILS, "signature-fails", "R45", NULL, 'B', STRICTLY, "a signature must fit the document and its certificate; refused from an agency that must sign"),
    /* clang-format on */
};

const struct cap_breach_row *cap_breach_row(size_t index)
{
    return index + 1 < BREACH_COUNT ? &rows[index + 1] : NULL;
}

bool cap_refuses(const struct cap_context *context, enum cap_breach breach)
{
    const struct cap_breach_row *row = &rows[breach];
    return context->mode == CAP_STRICT     ? row->strict
           : context->mode == CAP_TOLERANT ? row->tolerant
                                           : row->forgiving;
}

void cap_forget(struct cap_context *context)
{
    context->findings->count = context->findings->refused = context->findings->dropped = 0;
}

enum { EXCERPT_MAX = 80 };

/* The start of a value, on one line, without half a character at its end. */
static size_t excerpt(struct text value, char out[EXCERPT_MAX + 4])
{
    size_t len = value.len < EXCERPT_MAX ? value.len : EXCERPT_MAX;
    while (len > 0 && len < value.len && ((uint8_t)value.data[len] & 0xC0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)value.data[i] < 0x20 || value.data[i] == 0x7F ? ' ' : value.data[i];
    if (len < value.len) {
        memcpy(out + len, "...", 3);
        len += 3;
    }
    return len;
}

/* Where the next finding goes; NULL: no room. One that refuses takes the room of the last that does not. */
static struct cap_finding *room_for(struct cap_findings *findings, bool refused)
{
    if (findings->count < CAP_FINDINGS_MAX)
        return &findings->items[findings->count++];
    findings->dropped++;
    for (size_t i = CAP_FINDINGS_MAX; refused && i-- > 0;)
        if (!findings->items[i].refused) {
            memmove(&findings->items[i], &findings->items[i + 1],
                (CAP_FINDINGS_MAX - 1 - i) * sizeof *findings->items);
            return &findings->items[CAP_FINDINGS_MAX - 1];
        }
    return NULL;
}

/* What refuses nobody is told once a document, what refuses a few times: so that one breach, however often it
 * occurs, hides no other one. */
static bool told_enough(struct cap_context *context, enum cap_breach breach, bool refused)
{
    enum { TELL_ONCE = 1, TELL_REFUSED = 8 };
    if (context->told[breach] == (refused ? TELL_REFUSED : TELL_ONCE))
        return true;
    context->told[breach]++;
    return false;
}

bool cap_report(struct cap_context *context, enum cap_breach breach, unsigned line, const char *element,
    struct text value)
{
    const struct cap_breach_row *row = &rows[breach];
    bool refused = cap_refuses(context, breach);
    bool enough = told_enough(context, breach, refused);
    context->findings->refused += refused;
    context->findings->dropped += enough && refused;
    struct cap_finding *finding = enough ? NULL : room_for(context->findings, refused);
    if (!finding)
        return refused;
    char shown[EXCERPT_MAX + 4];
    const char *text;
    if (value.data)
        text = arena_printf(
            context->arena, "%s \"%.*s\": %s", element, (int)excerpt(value, shown), shown, row->sentence);
    else if (strncmp(row->sentence, element, strlen(element)) == 0)
        text = row->sentence; /* it names the element itself */
    else
        text = arena_printf(context->arena, "%s: %s", element, row->sentence);
    *finding = (struct cap_finding){line, row->rule, row->within, row->name, refused, text};
    return refused;
}
