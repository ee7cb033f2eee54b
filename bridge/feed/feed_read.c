/* Feeds by libxml2's tree, hardened as documents are: no network, no entity is expanded, any DOCTYPE ends it,
 * and the sizes that libxml2 allows without XML_PARSE_HUGE hold. Elements are known by their local names,
 * since feeds get the namespaces wrong; an alert must be one of CAP's. */
#include "bridge/feed/feed_read.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>

static const char cap_namespace[] = "urn:oasis:names:tc:emergency:cap:",
                  cap_namespace_10[] = "http://www.incident.com/cap/";

struct reader {
    struct arena *arena;
    const char *base;
    struct feed_content *content;
};

/* ---- the tree ---- */

static void refuse_doctype(void *user, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    xmlStopParser(user);
}

static xmlDocPtr parse(struct bytes bytes)
{
    xmlInitParser();
    xmlParserCtxtPtr parser = bytes.len <= INT32_MAX ? xmlNewParserCtxt() : NULL;
    if (!parser)
        return NULL;
    parser->sax->internalSubset = refuse_doctype;
    xmlDocPtr document = xmlCtxtReadMemory(parser, (const char *)bytes.data, (int)bytes.len, NULL, NULL,
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    bool whole = parser->wellFormed && document && xmlDocGetRootElement(document);
    xmlFreeParserCtxt(parser);
    if (whole)
        return document;
    xmlFreeDoc(document);
    return NULL;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static bool is_alert(const xmlNode *node)
{
    if (!is_element(node, "alert") || !node->ns || !node->ns->href)
        return false;
    const char *space = (const char *)node->ns->href;
    return strncmp(space, cap_namespace, sizeof cap_namespace - 1) == 0 ||
           strncmp(space, cap_namespace_10, sizeof cap_namespace_10 - 1) == 0;
}

static const xmlNode *child_of(const xmlNode *node, const char *name)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (is_element(child, name))
            return child;
    return NULL;
}

/* ---- texts ---- */

static struct text trimmed(struct arena *arena, const char *text)
{
    while (*text && strchr(" \t\r\n", *text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        len--;
    return (struct text){arena_copy(arena, text, len), len};
}

/* The text of an element; "" when it is NULL. */
static struct text text_in(const struct reader *reader, const xmlNode *node)
{
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    struct text text = trimmed(reader->arena, content ? (const char *)content : "");
    xmlFree(content);
    return text;
}

static struct text attribute_of(const struct reader *reader, const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    struct text text = trimmed(reader->arena, value ? (const char *)value : "");
    xmlFree(value);
    return text;
}

/* ---- documents in the feed ---- */

/* The element as a document of its own, with the namespaces that it uses. */
static struct bytes document_of(const struct reader *reader, const xmlNode *alert)
{
    struct bytes out = {0};
    xmlChar *text = NULL;
    int len = 0;
    xmlDocPtr document = xmlNewDoc((const xmlChar *)"1.0");
    xmlNodePtr copy = document ? xmlDocCopyNode((xmlNodePtr)(uintptr_t)alert, document, 1) : NULL;
    if (copy) {
        xmlDocSetRootElement(document, copy);
        xmlDocDumpMemoryEnc(document, &text, &len, "UTF-8");
    }
    if (text && len > 0)
        out = (struct bytes){(uint8_t *)arena_copy(reader->arena, text, (size_t)len), (size_t)len};
    xmlFree(text);
    xmlFreeDoc(document);
    return out;
}

/* The first alert at or below the node, in the order of the document. */
static const xmlNode *alert_below(const xmlNode *node, int depth)
{
    if (is_alert(node))
        return node;
    for (const xmlNode *child = node->children; child && depth < FEED_DEPTH_MAX; child = child->next) {
        const xmlNode *found = child->type == XML_ELEMENT_NODE ? alert_below(child, depth + 1) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

/* A whole document as text, as some feeds embed it. */
static struct bytes document_in_text(const struct reader *reader, const xmlNode *node)
{
    struct text text = text_in(reader, node);
    struct bytes document = {(const uint8_t *)text.data, text.len};
    return text.len > 0 && text.data[0] == '<' && feed_is_cap(document) ? document : (struct bytes){0};
}

static struct bytes embedded(const struct reader *reader, const xmlNode *entry)
{
    for (const xmlNode *child = entry->children; child; child = child->next) {
        if (!is_element(child, "content") && !is_element(child, "encoded"))
            continue;
        const xmlNode *alert = alert_below(child, 0);
        struct bytes document = alert ? document_of(reader, alert) : document_in_text(reader, child);
        if (document.len)
            return document;
    }
    return (struct bytes){0};
}

/* ---- links ---- */

/* How well a link may lead to a document of CAP; 0: not at all. */
static int rank_of(struct text type, struct text relation)
{
    static const struct {
        const char *type;
        int rank;
    } types[] = {{"application/cap+xml", 4}, {"application/common-alerting-protocol+xml", 3},
        {"application/xml", 2}, {"text/xml", 2}, {"", 1}};
    static const char *const relations[] = {"", "alternate", "enclosure", "related", "via"};
    size_t parameter = type.len ? strcspn(type.data, "; ") : 0;
    bool leads = false;
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        leads = leads || text_equal(relation, text_of(relations[i]));
    for (size_t i = 0; leads && i < sizeof types / sizeof *types; i++)
        if (text_equal((struct text){type.data, parameter}, text_of(types[i].type)))
            return types[i].rank;
    return 0;
}

/* The address as an absolute one; "" when it is none. */
static struct text absolute(const struct reader *reader, const xmlNode *node, struct text address)
{
    if (address.len == 0)
        return address;
    xmlChar *own = xmlNodeGetBase(node->doc, node);
    xmlChar *base = xmlBuildURI(own ? own : (const xmlChar *)"", (const xmlChar *)reader->base);
    xmlChar *whole = xmlBuildURI((const xmlChar *)address.data, base ? base : (const xmlChar *)reader->base);
    bool http = whole && strncmp((const char *)whole, "http", 4) == 0;
    struct text out = trimmed(reader->arena, http ? (const char *)whole : "");
    xmlFree(own);
    xmlFree(base);
    xmlFree(whole);
    return out;
}

/* Atom's link and RSS' enclosure are attributes, RSS' link is text. */
static struct text best_link(const struct reader *reader, const xmlNode *entry)
{
    struct text best = {"", 0};
    int best_rank = 0;
    for (const xmlNode *child = entry->children; child; child = child->next) {
        bool enclosure = is_element(child, "enclosure");
        if (!enclosure && !is_element(child, "link"))
            continue;
        struct text address = attribute_of(reader, child, enclosure ? "url" : "href");
        if (address.len == 0)
            address = text_in(reader, child);
        int rank = rank_of(attribute_of(reader, child, "type"), attribute_of(reader, child, "rel"));
        if (enclosure && rank == 1)
            rank = 0; /* a file of a kind that is not told is as likely a picture */
        address = absolute(reader, child, address);
        if (rank > best_rank && address.len) {
            best = address;
            best_rank = rank;
        }
    }
    return best;
}

/* ---- entries ---- */

static void push(struct reader *reader, struct feed_entry entry)
{
    struct feed_content *content = reader->content;
    if (entry.document.len == 0 && entry.address.len == 0) {
        content->left_out++;
        return;
    }
    if (content->count < FEED_ENTRIES_MAX)
        content->entries[content->count++] = entry;
    else
        content->left_out++;
}

static void read_entry(struct reader *reader, const xmlNode *node)
{
    const xmlNode *id = child_of(node, "id"), *updated = child_of(node, "updated");
    if (!id)
        id = child_of(node, "guid");
    if (!updated)
        updated = child_of(node, "pubDate");
    struct feed_entry entry = {.id = text_in(reader, id), .updated = text_in(reader, updated)};
    entry.document = embedded(reader, node);
    if (entry.document.len == 0)
        entry.address = best_link(reader, node);
    push(reader, entry);
}

/* Atom has its entries in feed, RSS 2 its items in rss/channel, RSS 1 in RDF beside the channel. */
static void read_entries(struct reader *reader, const xmlNode *parent)
{
    for (const xmlNode *child = parent->children; child; child = child->next)
        if (is_element(child, "entry") || is_element(child, "item"))
            read_entry(reader, child);
        else if (is_element(child, "channel"))
            read_entries(reader, child);
}

/* Every alert below, whatever it is wrapped in. */
static void read_collection(struct reader *reader, const xmlNode *node, int depth)
{
    const struct text none = {"", 0};
    if (is_alert(node)) {
        push(reader, (struct feed_entry){none, none, none, document_of(reader, node)});
        return;
    }
    for (const xmlNode *child = node->children; child && depth < FEED_DEPTH_MAX; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            read_collection(reader, child, depth + 1);
}

static void turn_round(struct feed_content *content)
{
    for (size_t i = 0; i < content->count / 2; i++) {
        struct feed_entry entry = content->entries[i];
        content->entries[i] = content->entries[content->count - 1 - i];
        content->entries[content->count - 1 - i] = entry;
    }
}

static bool read_root(struct reader *reader, const xmlNode *root, struct bytes feed, const char **why)
{
    const struct text none = {"", 0};
    if (is_alert(root)) {
        push(reader, (struct feed_entry){none, none, none, feed});
        return true;
    }
    if (is_element(root, "feed") || is_element(root, "rss") || is_element(root, "RDF")) {
        read_entries(reader, root);
        return true;
    }
    if (is_element(root, "entry")) {
        read_entry(reader, root);
        return true;
    }
    read_collection(reader, root, 0);
    *why = "it is neither Atom nor RSS, and no CAP document is in it";
    return reader->content->count > 0;
}

bool feed_read(
    struct bytes feed, const char *base, struct arena *arena, struct feed_content *out, const char **why)
{
    struct reader reader = {arena, base, out};
    xmlDocPtr document = parse(feed);
    *out = (struct feed_content){0};
    if (!document) {
        *why = "it is not well-formed XML, or has a DOCTYPE";
        return false;
    }
    out->entries = arena_alloc(arena, FEED_ENTRIES_MAX * sizeof *out->entries);
    bool read = read_root(&reader, xmlDocGetRootElement(document), feed, why);
    xmlFreeDoc(document);
    turn_round(out);
    return read;
}

bool feed_is_cap(struct bytes document)
{
    xmlDocPtr parsed = parse(document);
    bool is = parsed && is_alert(xmlDocGetRootElement(parsed));
    xmlFreeDoc(parsed);
    return is;
}
