/* Documents made to hurt: refused by the right rule, in a child whose time and memory
 * are measured. And
 * what is large but real, and all encodings, is read. */
#include <iconv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test_cap.h"

enum { MIB = 1024 * 1024, MOST_KIB = 64 * 1024, ROOM = 110 * MIB };

#define HEAD                                                                                                 \
    "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><sender>b</sender>"     \
    "<sent>2026-03-01T09:00:00-08:00</sent><status>Actual</status><msgType>Alert</msgType>"                  \
    "<scope>Public</scope>"
#define INFO                                                                                                 \
    "<info><category>Met</category><event>Wind</event><urgency>Past</urgency><severity>Minor</severity>"     \
    "<certainty>Unknown</certainty>"
#define AREA INFO "<area><areaDesc>a</areaDesc>"
#define SIGNATURE "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">"
#define LATIN "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
#define TAIL "</area></info></alert>"

/* A document is a head, a piece many times, in which % stands for its number, and a tail. */
struct hostile {
    const char *what, *breach; /* "": accepted */
    const char *head, *piece;
    size_t count;
    const char *tail;
};

static const struct hostile cases[] = {
    {"100 MB of blanks", "too-large", HEAD, "    ", 25 * MIB, "</alert>"},
    {"100 MB of comments", "too-large", HEAD, "<!---->", 15 * MIB, "</alert>"},
    {"just too large", "too-large", "", " ", CAP_BYTES_MAX + 1, ""},
    {"a million points", "too-many-points", HEAD AREA "<polygon>", "0,0 ", 1000 * 1000, "</polygon>" TAIL},
    {"a million points, written out", "too-large", HEAD AREA "<polygon>", "34.05123,-118.05123 ", 1000 * 1000,
        "</polygon>" TAIL},
    {"many polygons", "too-many-points", HEAD AREA, "<polygon>0,0 0,1 1,1 0,0</polygon>", 110000, TAIL},
    {"nothing but a comma", "coordinate-form", HEAD AREA "<polygon>", ",", 90000, "</polygon>" TAIL},
    {"a number without end", "coordinate-form", HEAD AREA "<polygon>", "1", 4000000, "</polygon>" TAIL},
    {"a number without end, closed", "coordinate-range", HEAD AREA "<polygon>0,", "1", 4000000,
        "</polygon>" TAIL},
    {"deep", "too-deep", HEAD, "<a>", 100000, ""},
    {"deep in a signature", "too-deep", HEAD "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">",
        "<a>", 100000, ""},
    {"wide", "unknown-element", HEAD, "<a/>", 900000, "</alert>"},
    {"wide and right", "too-many-elements", HEAD, "<code/>", 500000, "</alert>"},
    {"attributes all alike", "too-many-attributes", HEAD "<info ", "a=\"\" ", 600000, "></info></alert>"},
    {"names of spaces", "too-many-attributes", HEAD "<info ", "xmlns:a=\"\" ", 300000, "></info></alert>"},
    {"an attribute without end", "tag-too-long", HEAD "<info a=\"", "aaaaaaaa", 500000, "\"></info></alert>"},
    {"a name without end", "tag-too-long", HEAD "<", "aaaaaaaa", 500000, "></alert>"},
    {"tags that never end", "not-well-formed", HEAD, "<", 4000000, ""},
    {"errors without end", "entity-unknown", HEAD "<source>", "&a;", 1300000, "</source></alert>"},
    {"ampersands", "not-well-formed", HEAD "<source>", "&", 4000000, "</source></alert>"},
    {"characters by number", "", HEAD "<note>", "&#65;", 800000, "</note></alert>"},
    {"comments without end", "", HEAD, "<!---->", 590000, "</alert>"},
    {"one comment without end", "not-well-formed", HEAD "<!--", "- ", 2000000, ""},
    {"instructions", "too-many-strangers", HEAD, "<?a?>", 800000, "</alert>"},
    {"instructions of many names", "too-many-strangers", HEAD, "<?a%06zu?>", 380000, "</alert>"},
    {"names in a signature", "too-many-strangers", HEAD SIGNATURE, "<a%06zu/>", 190000,
        "</Signature></alert>"},
    {"attributes in a signature", "too-many-strangers", HEAD SIGNATURE,
        "<x a%1$06zu=\"\" b%1$06zu=\"\" c%1$06zu=\"\" d%1$06zu=\"\"/>", 80000, "</Signature></alert>"},
    {"attributes of many names", "attribute", HEAD, "<code a%06zu=\"\"/>", 180000, "</alert>"},
    {"spaces of many names", "too-many-strangers", HEAD, "<code xmlns:a%06zu=\"u\"/>", 150000, "</alert>"},
    {"CDATA", "", HEAD "<note>", "<![CDATA[]]>", 340000, "</note></alert>"},
    {"a text of 4 MB", "", HEAD "<note>", "aaaaaaa\n", 520000, "</note></alert>"},
    {"references", "reference-form", HEAD "<references>", "a ", 2000000, "</references></alert>"},
    {"good references", "", HEAD "<references>", "a,b,2026-03-01T09:00:00-08:00 ", 130000,
        "</references></alert>"},
    {"quotes", "too-many-names", HEAD "<incidents>", "\" \" ", 1000000, "</incidents></alert>"},
    {"names", "too-many-names", HEAD "<addresses>", "a ", 2000000, "</addresses></alert>"},
    {"names in Latin 1", "too-many-names", LATIN HEAD "<addresses>", "\xE9 ", 2000000,
        "</addresses></alert>"},
    {"a text in Latin 1", "", LATIN HEAD "<note>", "\xE9\xE9\xE9\xE9", 1000000, "</note></alert>"},
    {"nested documents", "unknown-element", "", HEAD, 4, "</alert></alert></alert></alert>"},
    {"infos", "", HEAD, INFO "</info>", 20000, "</alert>"},
    {"empty infos", "category-missing", HEAD, "<info/>", 190000, "</alert>"},
    {"empty areas", "area-desc-missing", HEAD INFO, "<area/>", 190000, "</info></alert>"},
    {"empty resources", "order", HEAD INFO "<area/>", "<resource/>", 190000, "</info></alert>"},
    {"incomplete pairs", "pair-value-missing", HEAD INFO, "<parameter><valueName>a</valueName></parameter>",
        85000, "</info></alert>"},
    {"areas", "", HEAD INFO, "<area><areaDesc>a</areaDesc><circle>1,1 1</circle></area>", 60000,
        "</info></alert>"},
    {"billion laughs", "doctype", "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"", "&b;", 10,
        "\">]>" HEAD "<source>&c;</source></alert>"},
    {"another space, long after", "namespace-other", "<alert xmlns=\"urn:x\">", "<a/>", 900000, "</alert>"},
    {"a real polygon's size", "", HEAD AREA "<polygon>1,1 1,2 2,2 ", "12.34567890123,-118.12345678901 ",
        41009, "1,1</polygon>" TAIL},
    {"zeros", "", HEAD AREA "<circle>1,1 ", "0", 1000000, "</circle>" TAIL},
};
enum { CASES = sizeof cases / sizeof *cases };

/* In memory that only writes touch. */
static size_t fill(const struct hostile *hostile, uint8_t *out)
{
    size_t head = strlen(hostile->head), piece = strlen(hostile->piece), tail = strlen(hostile->tail);
    assert_true(head + piece * hostile->count + tail <= ROOM);
    memcpy(out, hostile->head, head);
    bool numbered = strchr(hostile->piece, '%');
    char one[256];
    uint8_t *to = out + head;
    for (size_t i = 0; i < hostile->count; i++, to += piece) {
        if (numbered)
            piece = (size_t)snprintf(one, sizeof one, hostile->piece, i);
        memcpy(to, numbered ? one : hostile->piece, piece);
    }
    memcpy(to, hostile->tail, tail);
    return (size_t)(to - out) + tail;
}

static long most_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* Reads in this child; ends it with 0 when all was as it must be. */
static _Noreturn void read_in_child(const struct hostile *hostile, struct bytes document, enum cap_mode mode)
{
    struct arena arena;
    struct cap_message message;
    struct cap_findings findings;
    arena_init(&arena, NULL, 0);
    long before = most_kib();
    double started = cap_cpu_ms();
    bool ok = cap_read(document, mode, &arena, &message, &findings);
    double took = cap_cpu_ms() - started;
    long grew = most_kib() - before;
    bool right = *hostile->breach ? !ok && cap_find(&findings, hostile->breach) : ok;
    cap_assert_bounded(hostile->what, took);
    if (!right || grew > (long)MOST_KIB * CAP_WIDENING) {
        printf("%s: %s, %ld KiB\n", hostile->what, right ? "right" : "wrong", grew);
        if (findings.count > 0)
            printf("  %s: %.100s\n", findings.items[0].breach, findings.items[0].text);
        fflush(stdout);
        _exit(1);
    }
    _exit(0);
}

static void hostile_documents(void **state)
{
    int failed = 0;
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        uint8_t *data = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(data != MAP_FAILED);
        struct bytes document = {data, fill(&cases[i], data)};
        for (int mode = CAP_STRICT; mode <= CAP_FORGIVING; mode++) {
            fflush(stdout);
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0)
                read_in_child(&cases[i], document, (enum cap_mode)mode);
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            failed += status != 0;
        }
        munmap(data, ROOM);
    }
    assert_int_equal(failed, 0);
}

/* ---- encodings ---- */

static struct bytes encoded(struct arena *arena, struct bytes utf8, const char *encoding, const char *mark)
{
    iconv_t converter = iconv_open(encoding, "UTF-8");
    assert_true(converter != (iconv_t)-1);
    size_t left = utf8.len, room = 4 * utf8.len + 4, free_room = room;
    char *in = (char *)(uintptr_t)utf8.data, *out = arena_take(arena, room + 4);
    memcpy(out, mark, strlen(mark));
    char *to = out + strlen(mark);
    assert_true(iconv(converter, &in, &left, &to, &free_room) != (size_t)-1);
    iconv_close(converter);
    return (struct bytes){(uint8_t *)out, (size_t)(to - out)};
}

static void encodings(void **state)
{
    static const struct {
        const char *declared, *encoding, *mark;
        bool ok;
    } ways[] = {{"UTF-8", "UTF-8", "\xEF\xBB\xBF", true}, {"UTF-8", "UTF-8", "", true},
        {"utf8", "UTF-8", "", true}, {"UTF-16", "UTF-16LE", "\xFF\xFE", true},
        {"UTF-16", "UTF-16BE", "\xFE\xFF", true}, {"UTF-8", "UTF-16LE", "\xFF\xFE", true},
        {"utf-16", "UTF-16LE", "", true}, {"UTF-16", "UTF-16BE", "", true},
        {"ISO-8859-1", "ISO-8859-1", "", true}, {"iso-8859-15", "ISO-8859-15", "", true},
        {"windows-1252", "CP1252", "", true}, {"GB18030", "GB18030", "", true},
        {"UTF-8", "ISO-8859-1", "", false}, {"UTF-16", "UTF-8", "", false}, {"UTF-32", "UTF-32LE", "", false},
        {"UTF-7", "UTF-7", "", false}, {"IBM037", "IBM037", "", false}, {"EBCDIC", "UTF-8", "", false}};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct arena arena;
        struct cap_message message;
        struct cap_findings findings;
        arena_init(&arena, NULL, 0);
        const char *text = arena_printf(&arena,
            "<?xml version=\"1.0\" encoding=\"%s\"?>\n" HEAD "<note>Se\xC3\xB1"
            "al</note></alert>",
            ways[i].declared);
        struct bytes document = encoded(
            &arena, (struct bytes){(const uint8_t *)text, strlen(text)}, ways[i].encoding, ways[i].mark);
        bool ok = cap_read(document, CAP_STRICT, &arena, &message, &findings);
        if (ok != ways[i].ok) {
            print_message("%s as %s\n", ways[i].declared, ways[i].encoding);
            cap_print(&findings);
            fail();
        }
        if (ok)
            assert_string_equal(message.note.data, "Se\xC3\xB1"
                                                   "al");
        /* A document type is seen in every encoding. */
        text = arena_printf(
            &arena, "<?xml version=\"1.0\" encoding=\"%s\"?><!DOCTYPE a>" HEAD "</alert>", ways[i].declared);
        document = encoded(
            &arena, (struct bytes){(const uint8_t *)text, strlen(text)}, ways[i].encoding, ways[i].mark);
        assert_false(cap_read(document, CAP_FORGIVING, &arena, &message, &findings));
        if (ok)
            assert_non_null(cap_find(&findings, "doctype"));
        arena_free(&arena);
    }
}

/* A document cut anywhere, or with a byte changed, is refused or read, and no more. */
static void cut_and_changed(void **state)
{
    struct bytes whole = cap_load(CAP_DATA "whole.xml");
    (void)state;
    assert_non_null(whole.data);
    uint8_t *copy = malloc(whole.len);
    assert_non_null(copy);
    for (size_t i = 0; i < whole.len; i++) {
        struct arena arena;
        struct cap_message message;
        struct cap_findings findings;
        arena_init(&arena, NULL, 0);
        memcpy(copy, whole.data, whole.len);
        if (whole.data[i] != '\n' || i + 1 < whole.len)
            assert_true(!cap_read((struct bytes){copy, i}, CAP_FORGIVING, &arena, &message, &findings) ||
                        i + 1 == whole.len);
        copy[i] ^= (uint8_t)(1 + i % 255);
        if (cap_read((struct bytes){copy, whole.len}, CAP_FORGIVING, &arena, &message, &findings))
            cap_assert_round_trip(&message, &arena, "a changed byte");
        else
            assert_true(findings.refused > 0 && findings.count > 0);
        arena_free(&arena);
    }
    free(copy);
    free((void *)(uintptr_t)whole.data);
}

/* More findings than there is room for. */
static void many_findings(void **state)
{
    struct arena arena;
    struct cap_message message;
    struct cap_findings findings;
    (void)state;
    arena_init(&arena, NULL, 0);
    char *text = arena_take(&arena, 100000);
    size_t len = (size_t)sprintf(text, HEAD);
    for (int i = 0; i < 500; i++)
        len += (size_t)sprintf(text + len, i < 300 ? "<code a=\"1\"/>" : "<x/>");
    len += (size_t)sprintf(text + len, "</alert>");
    struct bytes document = {(uint8_t *)text, len};
    assert_false(cap_read(document, CAP_STRICT, &arena, &message, &findings));
    assert_int_equal(
        findings.count, 8 + 8 + 1); /* of each breach the first few, so that none hides another */
    assert_int_equal(findings.refused, 500);
    assert_int_equal(findings.dropped, 500 - 16);
    assert_true(cap_find(&findings, "unknown-element")->refused);
    assert_false(cap_read(document, CAP_TOLERANT, &arena, &message, &findings));
    assert_int_equal(findings.refused, 200);
    assert_true(cap_find(&findings, "unknown-element")->refused);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_documents),
        cmocka_unit_test(encodings),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(many_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
