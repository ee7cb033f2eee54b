/* What is looked at before the parser sees a byte, so that no document can cost more than its share: its
 * size, its encoding (made UTF-8 here), a document type, and the length of its tags, since the parser's work
 * on one tag grows with the square of its attributes. It knows of XML only where tags, comments and such
 * begin and end; where a document is no XML it may see other tags than the parser, which then stops at the
 * error. */
#include <ctype.h>
#include <iconv.h>
#include <strings.h>

#include "bridge/cap/cap_inside.h"
#include "proto/mqtt.h"

static const struct text nothing = {NULL, 0};

static unsigned lines_before(const char *start, const char *at)
{
    unsigned lines = 1;
    while (start < at && (start = memchr(start, '\n', (size_t)(at - start)))) {
        lines++;
        start++;
    }
    return lines;
}

/* Encodings in which the characters of tags are bytes that stand for nothing else, by how their names begin.
 */
static const char *const known[] = {"UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-", "ISO8859-",
    "ISO_8859-", "LATIN1", "WINDOWS-125", "CP125", "SHIFT_JIS", "BIG5", "GB2312", "GBK", "GB18030", "EUC-JP",
    "EUC-KR", "KOI8-", NULL};

enum { ENCODING_MAX = 24, DECLARATION_MAX = 200 };

/* The encoding that the XML declaration names; "UTF-8" when it names none. */
static void declared(struct bytes document, char out[ENCODING_MAX])
{
    char head[DECLARATION_MAX + 1];
    size_t len = document.len < DECLARATION_MAX ? document.len : DECLARATION_MAX;
    for (size_t i = 0; i < len; i++)
        head[i] = document.data[i] ? (char)document.data[i] : ' ';
    head[len] = '\0';
    strcpy(out, "UTF-8");
    char *end = strstr(head, "?>"), *at = head;
    while (cap_blank(*at))
        at++;
    if (!end || strncmp(at, "<?xml", 5) != 0)
        return;
    *end = '\0';
    char *name = strstr(at, "encoding");
    name = name ? strpbrk(name, "\"'") : NULL;
    char *quote = name ? strchr(name + 1, *name) : NULL;
    if (quote && quote - name - 1 < ENCODING_MAX) {
        memcpy(out, name + 1, (size_t)(quote - name - 1));
        out[quote - name - 1] = '\0';
    } else if (quote) {
        strcpy(out, "?");
    }
}

/* The encoding as iconv names it, from the mark of the byte order, which is cut off, or the first bytes, or
 * the declaration; false: none that is known. */
static bool find_encoding(struct bytes *document, char out[ENCODING_MAX])
{
    static const struct {
        uint8_t bytes[4];
        size_t len, mark;
        const char *name;
    } starts[] = {{{0xEF, 0xBB, 0xBF}, 3, 3, "UTF-8"}, {{0xFF, 0xFE, 0, 0}, 4, 0, "UTF-32LE"},
        {{0, 0, 0xFE, 0xFF}, 4, 0, "UTF-32BE"}, {{0xFF, 0xFE}, 2, 2, "UTF-16LE"},
        {{0xFE, 0xFF}, 2, 2, "UTF-16BE"}, {{'<', 0}, 2, 0, "UTF-16LE"}, {{0, '<'}, 2, 0, "UTF-16BE"}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (document->len >= starts[i].len && memcmp(document->data, starts[i].bytes, starts[i].len) == 0) {
            strcpy(out, starts[i].name);
            document->data += starts[i].mark;
            document->len -= starts[i].mark;
            return strncmp(out, "UTF-32", 6) != 0;
        }
    declared(*document, out);
    for (const char *const *name = known; *name; name++)
        if (strncasecmp(out, *name, strlen(*name)) == 0)
            return true;
    return false;
}

/* The document as UTF-8 in the arena; false when a character is none. */
static bool convert(struct cap_context *context, const char *encoding, struct bytes *document)
{
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (converter == (iconv_t)-1)
        return false;
    size_t room = 3 * document->len + 4, left = document->len, free_room = room;
    char *in = (char *)(uintptr_t)document->data, *utf8 = arena_take(context->arena, room), *to = utf8;
    size_t done = iconv(converter, &in, &left, &to, &free_room);
    iconv_close(converter);
    if (done == (size_t)-1)
        return false;
    *document = (struct bytes){(const uint8_t *)utf8, room - free_room};
    return true;
}

/* The line of the first character that is none. */
static unsigned bad_line(const char *start, size_t len)
{
    const char *at = start, *end = start + len, *next;
    for (; (next = memchr(at, '\n', (size_t)(end - at))) && mqtt_utf8_valid(at, (size_t)(next - at));
         at = next + 1)
        continue;
    return lines_before(start, at);
}

/* From `at`, which is a "<": behind what ends with `mark`; NULL when nothing does. */
static const char *behind(const char *at, const char *end, const char *mark)
{
    const char *found = memmem(at, (size_t)(end - at), mark, strlen(mark));
    return found ? found + strlen(mark) : NULL;
}

/* Behind the tag that begins at `at`; NULL when it is too much, and noted; the end when it does not end. At
 * the next "<", which no tag may hold: the parser stops there. */
static const char *behind_tag(struct cap_context *context, const char *start, const char *at, const char *end)
{
    size_t attributes = 0;
    char quote = 0;
    for (const char *c = at + 1; c < end; c++) {
        if (c - at > CAP_TAG_BYTES_MAX) {
            cap_report(context, TAG_TOO_LONG, lines_before(start, at), "document", nothing);
            return NULL;
        }
        if (*c == '<') {
            return c;
        } else if (quote) {
            quote = *c == quote ? 0 : quote;
        } else if (*c == '"' || *c == '\'') {
            quote = *c;
        } else if (*c == '>') {
            return c + 1;
        } else if (*c == '=' && ++attributes > CAP_ATTRIBUTES_MAX) {
            cap_report(context, TOO_MANY_ATTRIBUTES, lines_before(start, at), "document", nothing);
            return NULL;
        }
    }
    return end;
}

/* An entity that only a document type can have declared is told too. */
static void check_entities(struct cap_context *context, const char *start, const char *at, const char *end)
{
    static const char *const own[] = {"amp", "lt", "gt", "quot", "apos", NULL};
    for (; (at = memchr(at, '&', (size_t)(end - at))); at++) {
        const char *const *name = own, *behind_name = at + 1;
        while (behind_name < end && (isalnum((unsigned char)*behind_name) || strchr("_-.:", *behind_name)))
            behind_name++;
        size_t len = (size_t)(behind_name - at) - 1;
        while (*name && (strlen(*name) != len || memcmp(at + 1, *name, len) != 0))
            name++;
        if (len > 0 && behind_name < end && *behind_name == ';' && !*name) {
            cap_report(context, ENTITY_UNKNOWN, lines_before(start, at), "document", nothing);
            return;
        }
    }
}

static bool check_tags(struct cap_context *context, const char *start, size_t len)
{
    const char *at = start, *end = start + len;
    while (at && at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
        size_t left = (size_t)(end - at);
        if (left >= 4 && memcmp(at, "<!--", 4) == 0) {
            at = behind(at + 4, end, "-->");
        } else if (left >= 9 && memcmp(at, "<![CDATA[", 9) == 0) {
            at = behind(at, end, "]]>");
        } else if (left >= 2 && memcmp(at, "<?", 2) == 0) {
            at = behind(at, end, "?>");
        } else if (left >= 9 && memcmp(at, "<!DOCTYPE", 9) == 0) {
            cap_report(context, DOCTYPE_THERE, lines_before(start, at), "document", nothing);
            check_entities(context, start, at, end);
            return false;
        } else {
            at = behind_tag(context, start, at, end);
            if (!at)
                return false;
        }
    }
    return true;
}

/* Blanks before "<?xml" are cut off, when that is tolerated. */
static void cut_blanks(struct cap_context *context, struct cap_gate *out)
{
    size_t blanks = 0;
    const char *start = (const char *)out->utf8.data;
    while (blanks < out->utf8.len && cap_blank(start[blanks]))
        blanks++;
    if (blanks == 0 || out->utf8.len - blanks < 6 || memcmp(start + blanks, "<?xml", 5) != 0 ||
        !cap_blank(start[blanks + 5]))
        return;
    cap_report(context, BLANK_BEFORE_XML, 1, "document", nothing);
    out->lines_skipped = lines_before(start, start + blanks) - 1;
    out->utf8.data += blanks;
    out->utf8.len -= blanks;
}

bool cap_gate(struct cap_context *context, struct bytes document, struct cap_gate *out)
{
    char encoding[ENCODING_MAX];
    *out = (struct cap_gate){0};
    if (document.len > CAP_BYTES_MAX) {
        cap_report(context, TOO_LARGE, 0, "document", nothing);
        return false;
    }
    if (!find_encoding(&document, encoding)) {
        cap_report(context, ENCODING_UNKNOWN, 1, "document", text_of(encoding));
        return false;
    }
    if (strcasecmp(encoding, "UTF-8") != 0 && !convert(context, encoding, &document)) {
        cap_report(context, BYTES_INVALID, 0, "document", text_of(encoding));
        return false;
    }
    const char *text = (const char *)document.data;
    if (!mqtt_utf8_valid(text, document.len)) {
        cap_report(context, BYTES_INVALID, bad_line(text, document.len), "document", text_of(encoding));
        return false;
    }
    out->utf8 = document;
    cut_blanks(context, out);
    return check_tags(context, (const char *)out->utf8.data, out->utf8.len);
}
