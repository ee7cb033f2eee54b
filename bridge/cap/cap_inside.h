/* Between the files of this library: the table of the standard's elements, from which documents are read,
 * written and compared, and what one reading carries along. */
#ifndef NEIGHBORS_BRIDGE_CAP_CAP_INSIDE_H
#define NEIGHBORS_BRIDGE_CAP_CAP_INSIDE_H

#include "bridge/cap/cap.h"

#define CAP_NAMESPACE_12 "urn:oasis:names:tc:emergency:cap:1.2"
#define CAP_NAMESPACE_11 "urn:oasis:names:tc:emergency:cap:1.1"
#define CAP_NAMESPACE_10 "http://www.incident.com/cap/1.0"

/* The rows of the table of breaches, in its order (breaches.c). */
enum cap_breach {
    BREACH_NONE,
    NOT_WELL_FORMED,
    BLANK_BEFORE_XML,
    ROOT_OTHER,
    NAMESPACE_OTHER,
    VERSION_10,
    VERSION_11,
    ENCODING_UNKNOWN,
    BYTES_INVALID,
    DOCTYPE_THERE,
    ENTITY_UNKNOWN,
    XINCLUDE_THERE,
    TOO_DEEP,
    TOO_MANY_ATTRIBUTES,
    TAG_TOO_LONG,
    ELEMENT_ORDER,
    ELEMENT_REPEATED,
    ELEMENT_UNKNOWN,
    ELEMENT_INSIDE_TEXT,
    ATTRIBUTE_UNKNOWN,
    TEXT_STRAY,
    WORD_LOOSE,
    TOO_LARGE,
    TOO_MANY_ELEMENTS,
    TOO_MANY_NAMES,
    TOO_MANY_STRANGERS,
    TOO_MANY_POINTS,
    IDENTIFIER_MISSING,
    IDENTIFIER_EMPTY,
    IDENTIFIER_CHARACTER,
    SENDER_MISSING,
    SENDER_EMPTY,
    SENDER_CHARACTER,
    SENT_MISSING,
    TIME_FORM,
    TIME_Z,
    TIME_FRACTION,
    STATUS_MISSING,
    STATUS_WORD,
    TYPE_MISSING,
    TYPE_WORD,
    SCOPE_MISSING,
    SCOPE_WORD,
    RESTRICTION_MISSING,
    ADDRESSES_MISSING,
    REFERENCE_FORM,
    REFERENCE_TIME,
    REFERENCE_TIME_LOOSE,
    REFERENCES_MISSING,
    REFERENCES_EMPTY,
    NOTE_MISSING,
    QUOTE_OPEN,
    NO_INFO,
    NO_AREA,
    LANGUAGE_FORM,
    CATEGORY_MISSING,
    CATEGORY_WORD,
    EVENT_MISSING,
    EVENT_EMPTY,
    RESPONSE_WORD,
    URGENCY_MISSING,
    URGENCY_WORD,
    SEVERITY_MISSING,
    SEVERITY_WORD,
    CERTAINTY_MISSING,
    CERTAINTY_WORD,
    CERTAINTY_VERY_LIKELY,
    PAIR_NAME_MISSING,
    PAIR_VALUE_MISSING,
    PAIR_EMPTY,
    WEB_RELATIVE,
    URI_FORM,
    URI_RELATIVE,
    RESOURCE_DESC_MISSING,
    MIME_TYPE_MISSING,
    SIZE_FORM,
    DIGEST_FORM,
    AREA_DESC_MISSING,
    AREA_DESC_EMPTY,
    AREA_UNPLACED,
    GEOCODE_INCOMPLETE,
    COORDINATE_FORM,
    COORDINATE_BLANK,
    COORDINATE_RANGE,
    POLYGON_EMPTY,
    POLYGON_NOTHING,
    POLYGON_SHORT,
    POLYGON_OPEN,
    POLYGON_FLAT,
    CIRCLE_FORM,
    CIRCLE_BLANK,
    CIRCLE_RANGE,
    CIRCLE_EMPTY,
    CIRCLE_NOTHING,
    GEOCODE_ALONE,
    ALTITUDE_FORM,
    CEILING_FORM,
    CEILING_ALONE,
    SIGNATURE_FAILS,
    BREACH_COUNT
};

/* What one reading carries along. */
struct cap_context {
    enum cap_mode mode;
    struct arena *arena;
    struct cap_findings *findings;
    unsigned line;               /* of the element that is being looked at */
    size_t points;               /* of all polygons so far */
    unsigned empty_shape_line;   /* of an empty polygon or circle in this area; 0: none */
    enum cap_breach empty_shape; /* which of them */
    uint8_t told[BREACH_COUNT];  /* how often each breach was told */
};

/* Notes a breach at `line` of what `element` holds (value; data NULL: nothing to show). True when this mode
 * refuses it. */
bool cap_report(struct cap_context *context, enum cap_breach breach, unsigned line, const char *element,
    struct text value);
/* True when this mode refuses it; notes nothing. */
bool cap_refuses(const struct cap_context *context, enum cap_breach breach);
/* Forgets what was found: for a document that is no document. */
void cap_forget(struct cap_context *context);

/* How an element's content is read, written and compared. */
enum cap_kind {
    KIND_TEXT,       /* struct text */
    KIND_FILLED,     /* struct text, not blank */
    KIND_IDENTITY,   /* struct text without blanks, commas, < and & */
    KIND_LANGUAGE,   /* struct text */
    KIND_URI,        /* struct text */
    KIND_TIME,       /* struct cap_time */
    KIND_WORD,       /* uint8_t of a closed list */
    KIND_DECIMAL,    /* struct cap_decimal */
    KIND_INTEGER,    /* struct cap_decimal */
    KIND_NAMES,      /* list of struct text in one element, those with blanks in quotes */
    KIND_REFERENCES, /* list of struct cap_reference in one element */
    KIND_REPEATS,    /* from here on an element may repeat, each is an item of a list */
    KIND_TEXTS = KIND_REPEATS,
    KIND_WORDS,
    KIND_POLYGON,
    KIND_CIRCLE,
    KIND_CHILD,    /* a struct of its own */
    KIND_SIGNATURE /* counted */
};

struct cap_shape;
struct cap_field {
    const char *name;
    enum cap_kind kind;
    size_t offset;       /* in the struct; of a list the pointer */
    size_t count_offset; /* of a list its count */
    enum cap_breach missing, empty, bad;
    const char *(*word)(int);      /* KIND_WORD, KIND_WORDS */
    const struct cap_shape *shape; /* KIND_CHILD */
};

/* An element with elements in it: its fields in the order of the schema. */
struct cap_shape {
    const char *name;
    size_t size;
    const struct cap_field *fields;
    size_t count;
    /* Looks at the whole element when it ends. False: it says nothing, drop it. */
    bool (*settle)(struct cap_context *context, void *object, const char *name);
};
extern const struct cap_shape cap_alert_shape;

bool cap_settle_alert(struct cap_context *context, void *object, const char *name);
bool cap_settle_info(struct cap_context *context, void *object, const char *name);
bool cap_settle_pair(struct cap_context *context, void *object, const char *name);
bool cap_settle_resource(struct cap_context *context, void *object, const char *name);
bool cap_settle_area(struct cap_context *context, void *object, const char *name);

/* A list in an object: the pointer and the count lie at these offsets. */
struct cap_list {
    void *items;
    size_t count;
};
struct cap_list cap_list_get(const void *object, const struct cap_field *field);
/* Room for one more item at the end, zeroed. Items taken before may move. */
void *cap_list_push(struct arena *arena, void *object, const struct cap_field *field, size_t size);
void cap_list_pop(void *object, const struct cap_field *field);
size_t cap_item_size(const struct cap_field *field);

/* What stands in an element without elements, into its field. */
void cap_take(struct cap_context *context, void *object, const struct cap_field *field, struct text content);
void cap_take_polygon(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content);
void cap_take_circle(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content);
void cap_take_references(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content);
void cap_take_names(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content);

/* A time that may end in Z and have a fraction of a second; which of both it has. */
bool cap_time_scan(struct text text, struct cap_time *out, bool *zulu, bool *fraction);
bool cap_blank(char c); /* as XML has it */
/* The next word between blanks, moving *rest behind it; empty at the end. */
struct text cap_next_word(struct text *rest);

/* What is looked at before the parser sees a byte: size, encoding, document type, the length of tags. */
struct cap_gate {
    struct bytes utf8;      /* the document, without a mark of its byte order */
    unsigned lines_skipped; /* before utf8 */
};
/* False: refused, and noted. */
bool cap_gate(struct cap_context *context, struct bytes document, struct cap_gate *out);

#endif
