/* A CAP document (OASIS Common Alerting Protocol 1.2) as C structs: read and held against the standard,
 * written, compared. All that is read lives in the caller's arena and may be used as long as that; nothing
 * here does I/O. Lists are a pointer and a count; a text whose data is NULL was absent, one of length 0 was
 * there and empty. Texts are UTF-8 and as they were written, blanks included. */
#ifndef NEIGHBORS_BRIDGE_CAP_CAP_H
#define NEIGHBORS_BRIDGE_CAP_CAP_H

#include "proto/arena.h"
#include "proto/bytes.h"

/* What one document may cost. The largest real polygon has 41,009 points, the largest real alert 1,352 areas.
 */
enum {
    CAP_BYTES_MAX = 4 * 1024 * 1024,
    CAP_POLYGON_POINTS_MAX = 100 * 1000,
    CAP_POINTS_MAX = 400 * 1000,
    CAP_ELEMENTS_MAX = 200 * 1000,
    CAP_NAMES_MAX = 100 * 1000,   /* in addresses, in incidents */
    CAP_STRANGERS_MAX = 2 * 1000, /* elements that are not of CAP, a signature's among them */
    CAP_INSTRUCTIONS_MAX = 2 * 1000,
    CAP_ALL_ATTRIBUTES_MAX = 20 * 1000,
    CAP_ATTRIBUTES_MAX = 64, /* of one element */
    CAP_TAG_BYTES_MAX = 16 * 1024,
    CAP_DEPTH_MAX = 32,
    CAP_FINDINGS_MAX = 64,
    CAP_REFUSED_MAX = 1000 /* then the rest of a document is not read */
};

/* The closed lists of words. 0 means that none was given; cap_<list>_name gives the word as CAP writes it,
 * NULL behind the last one. */
enum cap_status { CAP_ACTUAL = 1, CAP_EXERCISE, CAP_SYSTEM, CAP_TEST, CAP_DRAFT };
enum cap_msg_type { CAP_ALERT = 1, CAP_UPDATE, CAP_CANCEL, CAP_ACK, CAP_ERROR };
enum cap_scope { CAP_PUBLIC = 1, CAP_RESTRICTED, CAP_PRIVATE };
enum cap_category {
    CAP_GEO = 1,
    CAP_MET,
    CAP_SAFETY,
    CAP_SECURITY,
    CAP_RESCUE,
    CAP_FIRE,
    CAP_HEALTH,
    CAP_ENV,
    CAP_TRANSPORT,
    CAP_INFRA,
    CAP_CBRNE,
    CAP_OTHER
};
enum cap_response {
    CAP_SHELTER = 1,
    CAP_EVACUATE,
    CAP_PREPARE,
    CAP_EXECUTE,
    CAP_AVOID,
    CAP_MONITOR,
    CAP_ASSESS,
    CAP_ALL_CLEAR,
    CAP_NONE
};
enum cap_urgency { CAP_IMMEDIATE = 1, CAP_EXPECTED, CAP_FUTURE, CAP_PAST, CAP_URGENCY_UNKNOWN };
enum cap_severity { CAP_EXTREME = 1, CAP_SEVERE, CAP_MODERATE, CAP_MINOR, CAP_SEVERITY_UNKNOWN };
enum cap_certainty { CAP_OBSERVED = 1, CAP_LIKELY, CAP_POSSIBLE, CAP_UNLIKELY, CAP_CERTAINTY_UNKNOWN };

const char *cap_status_name(int value);
const char *cap_msg_type_name(int value);
const char *cap_scope_name(int value);
const char *cap_category_name(int value);
const char *cap_response_name(int value);
const char *cap_urgency_name(int value);
const char *cap_severity_name(int value);
const char *cap_certainty_name(int value);

/* A time as CAP writes it: the instant in ms since 1970 (whole seconds) and the zone it was told in. */
struct cap_time {
    int64_t at;
    int16_t offset; /* minutes east of UTC */
    bool present;
    bool plus_zero; /* UTC was written +00:00; the standard's own form is -00:00 */
};

/* A number that is kept as it was written. */
struct cap_decimal {
    struct text text; /* trimmed; data NULL: absent */
    double value;
};

struct cap_reference {
    struct text sender, identifier;
    struct cap_time sent;
};
struct cap_pair {
    struct text name, value;
};
struct cap_point {
    int32_t lat, lon; /* 1e-7 degrees, rounded */
};
struct cap_polygon {
    const struct cap_point *points; /* closed: the last is the first */
    size_t count;
    struct text text; /* "lat,lon lat,lon …", digits as written, single spaces */
};
struct cap_circle {
    struct cap_point center;
    double radius_km; /* 0 is a point */
    struct text text; /* "lat,lon radius", digits as written */
};
struct cap_area {
    struct text description;
    const struct cap_polygon *polygons;
    size_t polygon_count;
    const struct cap_circle *circles;
    size_t circle_count;
    const struct cap_pair *geocodes;
    size_t geocode_count;
    struct cap_decimal altitude, ceiling; /* feet above mean sea level */
};
struct cap_resource {
    struct text description, mime_type;
    struct cap_decimal size; /* bytes */
    struct text uri, deref_uri, digest;
};
struct cap_info {
    struct text language;      /* absent or empty means en-US: cap_language() */
    const uint8_t *categories; /* enum cap_category */
    size_t category_count;
    struct text event;
    const uint8_t *responses; /* enum cap_response */
    size_t response_count;
    uint8_t urgency, severity, certainty; /* enum cap_urgency, cap_severity, cap_certainty */
    struct text audience;
    const struct cap_pair *event_codes;
    size_t event_code_count;
    struct cap_time effective, onset, expires;
    struct text sender_name, headline, text, instruction, web, contact; /* text: the element description */
    const struct cap_pair *parameters;
    size_t parameter_count;
    const struct cap_resource *resources;
    size_t resource_count;
    const struct cap_area *areas;
    size_t area_count;
};
struct cap_message {
    struct text identifier, sender;
    struct cap_time sent;
    uint8_t status, msg_type, scope; /* enum cap_status, cap_msg_type, cap_scope */
    struct text source, restriction;
    const struct text *addresses; /* without the quotes that held those with blanks together */
    size_t address_count;
    const struct text *codes;
    size_t code_count;
    struct text note;
    const struct cap_reference *references;
    size_t reference_count;
    const struct text *incidents; /* as addresses */
    size_t incident_count;
    const struct cap_info *infos;
    size_t info_count;
    unsigned signatures;     /* how many XML signatures stand in the document; not written by cap_write */
    unsigned signature_line; /* where the last one begins */
    uint8_t minor;           /* of the version read: 2, 1 for CAP 1.1, 0 for 1.0 */
};

/* Who asks. A row of the table of breaches says for each what it costs. */
enum cap_mode {
    CAP_STRICT,   /* the standard decides: `neighbors cap check`, and what we write ourselves */
    CAP_TOLERANT, /* a document that arrives: what is not right but certain in its meaning is tolerated */
    CAP_FORGIVING /* from an agency whose feed the operator has set to be read so */
};

/* What was found in one place. */
struct cap_finding {
    unsigned line;      /* from 1; 0: the document as a whole */
    const char *rule;   /* "R38": the number in our list of the standard's rules; a constant */
    const char *within; /* "R04" when the schema forbids it too, "R01" when the XML is wrong; else NULL */
    const char *breach; /* the row of the table of breaches, as "polygon-open"; a constant */
    bool refused;       /* else tolerated */
    const char *text;   /* names the element, what it holds and what the rule asks; in the arena */
};
struct cap_findings {
    struct cap_finding items[CAP_FINDINGS_MAX]; /* as they stand in the document */
    size_t count;
    size_t refused; /* how many of them refuse */
    size_t dropped; /* more than there is room for */
};

/* Reads a document and holds it against the rules. True when nothing in it is refused: *out is then whole.
 * False: at least one finding says why, and *out holds what could be read (identifier, areas …) and may have
 * gaps. The document need not outlive the call. Costs less than 64 MiB and 100 ms whatever the bytes are;
 * nothing is loaded from anywhere. Signatures are counted, not verified. */
bool cap_read(struct bytes document, enum cap_mode mode, struct arena *arena, struct cap_message *out,
    struct cap_findings *findings) __attribute__((warn_unused_result));

/* The message as a CAP 1.2 document: UTF-8, elements in the order of the schema, no signature. A message that
 * cap_read accepted gives a document that cap_read accepts strictly and that is cap_equal. */
struct bytes cap_write(const struct cap_message *message, struct arena *arena);

/* True when the two say the same in all that the standard names: signatures and version do not count, nor how
 * blanks divide the points of a polygon; absent and empty optional texts and lists are the same. Where they
 * differ, *where (may be NULL) is the element's name, a constant. */
bool cap_equal(const struct cap_message *a, const struct cap_message *b, const char **where);

/* One line for logs: "Alert Actual Public sender,identifier,sent: headline; 2 infos, 3 areas", cut to fit.
 * Control characters become blanks. out is NUL-terminated; size is at least 1. */
void cap_summary(const struct cap_message *message, char *out, size_t size);

/* The language of an info; en-US when it says none. */
struct text cap_language(const struct cap_info *info);
/* The text without blanks at its ends. */
struct text cap_trimmed(struct text text);
/* What the standard takes for a language's tag, a URI, an absolute one. */
bool cap_is_language(struct text text);
bool cap_is_uri(struct text text, struct arena *arena); /* the arena: for a copy */
bool cap_is_absolute(struct text uri);
/* A time as CAP writes it, NUL-terminated; "" when absent. */
enum { CAP_TIME_TEXT = 26 };
void cap_time_text(struct cap_time time, char out[CAP_TIME_TEXT]);
/* Reads exactly YYYY-MM-DDThh:mm:ss±hh:mm. */
bool cap_time_read(struct text text, struct cap_time *out) __attribute__((warn_unused_result));

/* The table of breaches, a row for each way to break a rule; NULL behind the last one. */
struct cap_breach_row {
    const char *name;     /* "polygon-open" */
    const char *rule;     /* "R38" */
    const char *within;   /* "R01", "R04" or NULL */
    char level;           /* of the rule: 'M' the standard's, 'S' its advice, 'B' our own policy */
    bool strict;          /* refused by CAP_STRICT */
    bool tolerant;        /* refused by CAP_TOLERANT */
    bool forgiving;       /* refused by CAP_FORGIVING */
    const char *sentence; /* what the rule asks */
};
const struct cap_breach_row *cap_breach_row(size_t index);

#endif
