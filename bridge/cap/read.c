/* Reads a document through the parser's events (SAX 2), so that no tree is built: an element with elements in
 * it is a frame on a short stack, an element with text goes to its member by the table of fields. No entity
 * is ever expanded but XML's own five, nothing is loaded, and the first error of the XML ends it. */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cap/cap_inside.h"

#define SIGNATURE_NAMESPACE "http://www.w3.org/2000/09/xmldsig#"
#define INSTANCE_NAMESPACE "http://www.w3.org/2001/XMLSchema-instance"
#define XINCLUDE_NAMESPACE "http://www.w3.org/2001/XInclude"

enum { FRAMES_MAX = 4, TEXT_ROOM = 4096 };

/* An element that holds elements and is open. */
struct frame {
    const struct cap_shape *shape;
    const struct cap_field *field; /* of the parent, in whose list it stands; NULL for alert */
    void *object;
    unsigned line;
    uint32_t seen; /* a bit for each of its fields */
    size_t last;   /* the field that came last in the schema's order */
    bool stray;    /* text between its elements was told */
};

struct reader {
    struct cap_context context;
    struct cap_message *message;
    xmlParserCtxtPtr parser;
    unsigned lines_skipped;
    const xmlChar *uri; /* the namespace of the root, one string for all */
    struct frame frames[FRAMES_MAX];
    size_t depth;    /* of frames */
    size_t skipped;  /* open elements that nobody reads */
    size_t open;     /* all open elements */
    size_t elements; /* so far, and of them those that nobody read; what else names something */
    size_t strangers, attributes, instructions;
    const struct cap_field *leaf; /* the open element with text; NULL: none */
    unsigned leaf_line;
    char *text; /* of the leaf: `small`, or from malloc */
    size_t text_len, text_room;
    bool stopped;
    char small[TEXT_ROOM];
};

static const struct text nothing = {NULL, 0};

static unsigned line_now(const struct reader *reader)
{
    int line = reader->parser->input ? reader->parser->input->line : 0;
    return (unsigned)(line > 0 ? line : 0) + reader->lines_skipped;
}

static bool report(struct reader *reader, enum cap_breach breach, const char *element, struct text value)
{
    return cap_report(&reader->context, breach, line_now(reader), element, value);
}

static void stop(struct reader *reader)
{
    reader->stopped = true;
    xmlStopParser(reader->parser);
}

/* ---- the start of an element ---- */

/* Attributes of xsi that say nothing about the content; five strings each, as the parser gives them. */
static bool is_known_attribute(const xmlChar **attribute)
{
    static const char *const names[] = {"schemaLocation", "noNamespaceSchemaLocation", "type"};
    if (!attribute[2] || strcmp((const char *)attribute[2], INSTANCE_NAMESPACE) != 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp((const char *)attribute[0], names[i]) == 0)
            return true;
    return false;
}

static void check_attributes(
    struct reader *reader, const char *element, int count, const xmlChar **attributes)
{
    for (int i = 0; i < count; i++)
        if (!is_known_attribute(attributes + 5 * i)) {
            report(reader, ATTRIBUTE_UNKNOWN, element, text_of((const char *)attributes[5 * i]));
            return;
        }
}

static bool start_root(struct reader *reader, const char *name, const xmlChar *uri)
{
    const char *space = uri ? (const char *)uri : "";
    enum cap_breach breach = BREACH_NONE;
    if (strcmp(space, CAP_NAMESPACE_10) == 0)
        breach = VERSION_10;
    else if (strcmp(space, CAP_NAMESPACE_11) == 0)
        breach = VERSION_11;
    else if (strcmp(space, CAP_NAMESPACE_12) != 0)
        breach = NAMESPACE_OTHER;
    if (breach)
        report(reader, breach, name, text_of(space));
    if (strcmp(name, "alert") != 0) {
        report(reader, ROOT_OTHER, name, nothing);
        return false;
    }
    /* What is refused for its namespace is read on, to tell what else is wrong. */
    reader->message->minor = breach == VERSION_10 ? 0 : breach == VERSION_11 ? 1 : 2;
    reader->uri = uri;
    reader->frames[0] =
        (struct frame){.shape = &cap_alert_shape, .object = reader->message, .line = line_now(reader)};
    reader->depth = 1;
    return true;
}

/* The field of that name, looked for from the last one on, since they come in order. */
static const struct cap_field *find_field(const struct frame *frame, const char *name)
{
    const struct cap_shape *shape = frame->shape;
    for (size_t n = 0, i = frame->last; n < shape->count; n++, i = i + 1 < shape->count ? i + 1 : 0)
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    return NULL;
}

static const struct cap_field *known_field(struct reader *reader, const char *name, const xmlChar *uri)
{
    const struct frame *frame = &reader->frames[reader->depth - 1];
    const struct cap_field *field = find_field(frame, name);
    bool signature = uri && strcmp((const char *)uri, SIGNATURE_NAMESPACE) == 0;
    bool ours = field && (field->kind == KIND_SIGNATURE ? signature : uri == reader->uri);
    if (ours)
        return field;
    bool include = uri && strcmp((const char *)uri, XINCLUDE_NAMESPACE) == 0;
    report(reader, include ? XINCLUDE_THERE : ELEMENT_UNKNOWN, name, nothing);
    return NULL;
}

/* False: it may not stand here. */
static bool check_place(struct reader *reader, const struct cap_field *field)
{
    struct frame *frame = &reader->frames[reader->depth - 1];
    size_t index = (size_t)(field - frame->shape->fields);
    uint32_t bit = UINT32_C(1) << index;
    if ((frame->seen & bit) && field->kind < KIND_REPEATS) {
        report(reader, ELEMENT_REPEATED, field->name, nothing);
        return false;
    }
    frame->seen |= bit;
    if (index < frame->last)
        report(reader, ELEMENT_ORDER, field->name, nothing);
    else
        frame->last = index;
    return true;
}

static void start_child(struct reader *reader, const struct cap_field *field)
{
    void *parent = reader->frames[reader->depth - 1].object;
    reader->frames[reader->depth++] = (struct frame){.shape = field->shape,
        .field = field,
        .object = cap_list_push(reader->context.arena, parent, field, field->shape->size),
        .line = line_now(reader)};
}

/* False: this element and all in it is passed over. */
static bool start_known(struct reader *reader, const char *name, const xmlChar *uri, int attribute_count,
    const xmlChar **attributes)
{
    if (reader->leaf) {
        bool include = uri && strcmp((const char *)uri, XINCLUDE_NAMESPACE) == 0;
        report(reader, include ? XINCLUDE_THERE : ELEMENT_INSIDE_TEXT, reader->leaf->name, text_of(name));
        return false;
    }
    const struct cap_field *field = known_field(reader, name, uri);
    if (!field || !check_place(reader, field))
        return false;
    if (field->kind == KIND_SIGNATURE) {
        reader->message->signatures++;
        reader->message->signature_line = line_now(reader);
        return false;
    }
    check_attributes(reader, name, attribute_count, attributes);
    if (field->kind == KIND_CHILD) {
        start_child(reader, field);
    } else {
        reader->leaf = field;
        reader->leaf_line = line_now(reader);
        reader->text_len = 0;
    }
    return true;
}

static void start_element(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
    int namespace_count, const xmlChar **namespaces, int attribute_count, int defaulted,
    const xmlChar **attributes)
{
    struct reader *reader = user;
    (void)prefix, (void)namespaces, (void)defaulted;
    if (reader->stopped)
        return;
    reader->attributes += (size_t)attribute_count + (size_t)namespace_count;
    enum cap_breach breach =
        ++reader->open > CAP_DEPTH_MAX          ? TOO_DEEP
        : ++reader->elements > CAP_ELEMENTS_MAX ? TOO_MANY_ELEMENTS
        : reader->strangers > CAP_STRANGERS_MAX || reader->attributes > CAP_ALL_ATTRIBUTES_MAX
            ? TOO_MANY_STRANGERS
            : BREACH_NONE;
    if (breach || reader->context.findings->refused > CAP_REFUSED_MAX) {
        if (breach)
            report(reader, breach, "document", nothing);
        stop(reader);
    } else if (reader->open == 1) {
        if (start_root(reader, (const char *)name, uri))
            check_attributes(reader, "alert", attribute_count, attributes);
        else
            stop(reader);
    } else if (reader->skipped > 0 ||
               !start_known(reader, (const char *)name, uri, attribute_count, attributes)) {
        reader->skipped++;
        reader->strangers++;
    }
}

/* Each may bring a new name, and the parser's time to find one grows with those that it has. */
static void instruction(void *user, const xmlChar *name, const xmlChar *content)
{
    struct reader *reader = user;
    (void)name, (void)content;
    if (reader->stopped || ++reader->instructions <= CAP_INSTRUCTIONS_MAX)
        return;
    report(reader, TOO_MANY_STRANGERS, "document", nothing);
    stop(reader);
}

/* ---- its text ---- */

static void append(struct reader *reader, const char *text, size_t len)
{
    if (len > reader->text_room - reader->text_len) {
        size_t room = 2 * (reader->text_len + len);
        char *larger = realloc(reader->text == reader->small ? NULL : reader->text, room);
        if (!larger) {
            fprintf(stderr, "out of memory: %zu bytes wanted\n", room);
            abort();
        }
        if (reader->text == reader->small)
            memcpy(larger, reader->small, reader->text_len);
        reader->text = larger;
        reader->text_room = room;
    }
    memcpy(reader->text + reader->text_len, text, len);
    reader->text_len += len;
}

static void characters(void *user, const xmlChar *text, int len)
{
    struct reader *reader = user;
    if (reader->stopped || reader->skipped > 0 || reader->depth == 0)
        return;
    if (reader->leaf) {
        append(reader, (const char *)text, (size_t)len);
        return;
    }
    struct frame *frame = &reader->frames[reader->depth - 1];
    struct text stray = cap_trimmed((struct text){(const char *)text, (size_t)len});
    if (stray.len > 0 && !frame->stray) {
        frame->stray = true;
        report(reader, TEXT_STRAY, frame->shape->name, stray);
    }
}

/* ---- its end ---- */

static void end_frame(struct reader *reader)
{
    struct frame *frame = &reader->frames[--reader->depth];
    const char *name = frame->field ? frame->field->name : frame->shape->name;
    reader->context.line = frame->line;
    bool pair = frame->shape->settle == cap_settle_pair; /* it tells what is missing itself */
    for (size_t i = 0; !pair && i < frame->shape->count; i++) {
        const struct cap_field *field = &frame->shape->fields[i];
        if (field->missing && !(frame->seen >> i & 1))
            cap_report(&reader->context, field->missing, frame->line, name, nothing);
    }
    if (!frame->shape->settle(&reader->context, frame->object, name) && frame->field)
        cap_list_pop(reader->frames[reader->depth - 1].object, frame->field);
}

static void end_element(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *reader = user;
    (void)name, (void)prefix, (void)uri;
    if (reader->stopped)
        return;
    reader->open--;
    if (reader->skipped > 0) {
        reader->skipped--;
    } else if (reader->leaf) {
        const struct cap_field *field = reader->leaf;
        reader->leaf = NULL;
        reader->context.line = reader->leaf_line;
        cap_take(&reader->context, reader->frames[reader->depth - 1].object, field,
            (struct text){reader->text, reader->text_len});
    } else {
        end_frame(reader);
    }
}

/* ---- errors ---- */

static void parse_error(void *user, xmlErrorPtr error)
{
    struct reader *reader = user;
    if (reader->stopped || error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    struct text told = text_of(error->message ? error->message : "");
    enum cap_breach breach = error->code == XML_ERR_UNDECLARED_ENTITY ? ENTITY_UNKNOWN
                             : error->code == XML_ERR_INVALID_CHAR    ? BYTES_INVALID
                                                                      : NOT_WELL_FORMED;
    cap_forget(&reader->context); /* what was read is no document */
    report(reader, breach, "document", cap_trimmed(told));
    reader->stopped = true;
    /* Not xmlStopParser: it frees the text that the function which found the error still looks at. */
    reader->parser->disableSAX = 1;
    reader->parser->instate = XML_PARSER_EOF;
}

static void parse(struct reader *reader, struct bytes utf8)
{
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
        .startElementNs = start_element,
        .endElementNs = end_element,
        .characters = characters,
        .ignorableWhitespace = characters,
        .cdataBlock = characters,
        .processingInstruction = instruction,
        .serror = parse_error};
    xmlInitParser();
    reader->parser = xmlNewParserCtxt();
    if (!reader->parser) {
        fprintf(stderr, "out of memory for a parser\n");
        abort();
    }
    *reader->parser->sax = handler;
    reader->parser->userData = reader;
    xmlFreeDoc(xmlCtxtReadMemory(reader->parser, (const char *)utf8.data, (int)utf8.len, NULL, "UTF-8",
        XML_PARSE_NONET | XML_PARSE_IGNORE_ENC));
    if (!reader->stopped && (!reader->parser->wellFormed || reader->depth > 0 || reader->elements == 0)) {
        cap_forget(&reader->context);
        report(reader, NOT_WELL_FORMED, "document", nothing);
    }
    xmlFreeParserCtxt(reader->parser);
    if (reader->text != reader->small)
        free(reader->text);
}

bool cap_read(struct bytes document, enum cap_mode mode, struct arena *arena, struct cap_message *out,
    struct cap_findings *findings)
{
    struct reader reader;
    memset(&reader, 0, offsetof(struct reader, small));
    struct cap_gate gate;
    *out = (struct cap_message){0};
    findings->count = findings->refused = findings->dropped = 0;
    reader.context = (struct cap_context){.mode = mode, .arena = arena, .findings = findings};
    reader.message = out;
    reader.text = reader.small;
    reader.text_room = TEXT_ROOM;
    if (!cap_gate(&reader.context, document, &gate))
        return false;
    reader.lines_skipped = gate.lines_skipped;
    parse(&reader, gate.utf8);
    return findings->refused == 0;
}
