/* Written by libxml2, so that every text is escaped where it stands. */
#include "bridge/cap/cap_atom.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bridge/cap/cap_alert.h"

enum { TIME_TEXT = 32, SUMMARY = 1024, DRAWN_POINTS = 200 };

#define ATOM "http://www.w3.org/2005/Atom"
#define CAP "urn:oasis:names:tc:emergency:cap:1.2"
#define GEORSS "http://www.georss.org/georss"

/* ---- text ---- */

/* How many bytes the character there has; *held: XML can hold it. The text is UTF-8. */
static size_t character(struct text text, size_t at, bool *held)
{
    const unsigned char *c = (const unsigned char *)text.data + at;
    size_t len = *c < 0x80 ? 1 : *c < 0xE0 ? 2 : *c < 0xF0 ? 3 : 4;
    bool control = len == 1 && *c < 0x20 && *c != '\n' && *c != '\t' && *c != '\r';
    bool whole = at + len <= text.len;
    bool none = whole && len == 3 && c[0] == 0xEF && c[1] == 0xBF && c[2] >= 0xBE; /* U+FFFE, U+FFFF */
    *held = whole && !control && !none;
    return whole ? len : text.len - at;
}

/* The text with blanks for what XML cannot hold, cut at a character when it is longer than `most`. */
static char *clean(struct text text, size_t most, struct arena *arena)
{
    char *out = arena_copy(arena, text.data ? text.data : "", text.len);
    size_t at = 0;
    while (at < text.len && at < most) {
        bool held;
        size_t len = character((struct text){out, text.len}, at, &held);
        if (!held)
            memset(out + at, ' ', len);
        at += len;
    }
    out[at] = '\0';
    return out;
}

static void instant(int64_t ms, char out[TIME_TEXT])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm when;
    if (!gmtime_r(&seconds, &when) || !strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &when))
        strcpy(out, "1970-01-01T00:00:00Z");
}

/* ---- elements ---- */

static void put(xmlTextWriter *writer, const char *name, const char *text)
{
    xmlTextWriterWriteElement(writer, (const xmlChar *)name, (const xmlChar *)text);
}

static void put_time(xmlTextWriter *writer, const char *name, int64_t ms)
{
    char text[TIME_TEXT];
    instant(ms, text);
    put(writer, name, text);
}

/* A time as CAP writes it. */
static void put_cap_time(xmlTextWriter *writer, const char *name, int64_t ms)
{
    char text[CAP_TIME_TEXT];
    if (ms <= 0)
        return;
    cap_time_text((struct cap_time){.at = ms / 1000 * 1000, .present = true}, text);
    put(writer, name, text);
}

static void put_link(xmlTextWriter *writer, const char *rel, const char *type, const char *href)
{
    xmlTextWriterStartElement(writer, (const xmlChar *)"link");
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"rel", (const xmlChar *)rel);
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"type", (const xmlChar *)type);
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"href", (const xmlChar *)href);
    xmlTextWriterEndElement(writer);
}

static void put_person(xmlTextWriter *writer, const char *name)
{
    xmlTextWriterStartElement(writer, (const xmlChar *)"author");
    put(writer, "name", name);
    xmlTextWriterEndElement(writer);
}

/* ---- where ---- */

/* 1e-7 degrees with the digits that count: "34.0768". */
static char *degrees(char *out, int32_t e7)
{
    int64_t size = e7 < 0 ? -(int64_t)e7 : e7;
    out += sprintf(out, "%s%d.%07d", e7 < 0 ? "-" : "", (int)(size / 10000000), (int)(size % 10000000));
    while (out[-1] == '0' && out[-2] != '.')
        out--;
    *out = '\0';
    return out;
}

static char *point(char *out, struct position position)
{
    out = degrees(out, position.lat_e7);
    *out++ = ' ';
    return degrees(out, position.lon_e7);
}

static void put_ring(xmlTextWriter *writer, const struct ring *ring, struct arena *arena)
{
    enum { POINT = 32 };
    char *text = arena_alloc(arena, ring->count * POINT + 1), *at = text;
    for (size_t i = 0; i < ring->count; i++) {
        *at = ' ';
        at += i > 0;
        at = point(at, ring->points[i]);
    }
    put(writer, "georss:polygon", text);
}

/* What is drawn with few points is told here too; of the rest the document has the shape. */
static void put_place(xmlTextWriter *writer, const struct place *place, struct arena *arena)
{
    char text[80];
    size_t points = 0;
    if (place->kind == PLACE_POINT || place->kind == PLACE_CIRCLE) {
        char *end = point(text, place->center);
        if (place->kind == PLACE_CIRCLE)
            sprintf(end, " %u", place->radius_m);
        put(writer, place->kind == PLACE_POINT ? "georss:point" : "georss:circle", text);
        return;
    }
    for (size_t i = 0; i < place->polygon_count; i++)
        points += place->polygons[i].rings[0].count;
    for (size_t i = 0; i < place->polygon_count && points <= DRAWN_POINTS; i++)
        put_ring(writer, &place->polygons[i].rings[0], arena);
}

/* ---- entries ---- */

static const char *entry_id(const struct cap_atom *feed, const struct alert *alert, struct arena *arena)
{
    return arena_printf(arena, "tag:%.*s,2026:%.*s.%u", (int)feed->sender.len, feed->sender.data,
        (int)alert->public_id.len, alert->public_id.data, alert->revision);
}

/* What CAP says in its own words. */
static void put_cap(xmlTextWriter *writer, const struct alert *alert, struct arena *arena)
{
    struct cap_message message;
    struct cap_origin origin = {.sender = TEXT("neighbors.invalid"), .sent = alert->effective};
    struct alert placeless = *alert;
    placeless.place = (struct place){0};
    cap_from_alert(&placeless, &origin, arena, &message);
    const struct cap_info *info = &message.infos[0];
    put(writer, "cap:event", clean(info->event, SUMMARY, arena));
    put_cap_time(writer, "cap:effective", alert->effective);
    put_cap_time(writer, "cap:expires", alert->expires);
    put(writer, "cap:status", cap_status_name(message.status));
    put(writer, "cap:category", cap_category_name(info->categories[0]));
    put(writer, "cap:urgency", cap_urgency_name(info->urgency));
    put(writer, "cap:severity", cap_severity_name(info->severity));
    put(writer, "cap:certainty", cap_certainty_name(info->certainty));
}

static void put_entry(xmlTextWriter *writer, const struct cap_atom *feed, const struct cap_atom_entry *entry,
    struct arena *arena)
{
    const struct alert *alert = entry->alert;
    const char *name = clean(alert->sender_name, SUMMARY, arena);
    const char *href = arena_printf(arena, "%.*s/v1/cap/%.*s", (int)feed->base.len, feed->base.data,
        (int)alert->public_id.len, alert->public_id.data);
    struct text title = alert->headline.len ? alert->headline : alert->event;
    xmlTextWriterStartElement(writer, (const xmlChar *)"entry");
    put(writer, "id", entry_id(feed, alert, arena));
    put(writer, "title", title.len ? clean(title, SUMMARY, arena) : "Alert");
    put_time(writer, "updated", entry->updated);
    if (*name)
        put_person(writer, name);
    put_link(writer, "alternate", "application/cap+xml", href);
    if (alert->description.len)
        put(writer, "summary", clean(alert->description, SUMMARY, arena));
    put_cap(writer, alert, arena);
    put_place(writer, &alert->place, arena);
    xmlTextWriterEndElement(writer);
}

static void put_feed(xmlTextWriter *writer, const struct cap_atom *feed, struct arena *arena)
{
    const char *self = arena_printf(arena, "%.*s/v1/cap.atom%.*s", (int)feed->base.len, feed->base.data,
        (int)feed->query.len, feed->query.data);
    const char *sender = arena_copy(arena, feed->sender.data, feed->sender.len);
    xmlTextWriterStartElement(writer, (const xmlChar *)"feed");
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"xmlns", (const xmlChar *)ATOM);
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"xmlns:cap", (const xmlChar *)CAP);
    xmlTextWriterWriteAttribute(writer, (const xmlChar *)"xmlns:georss", (const xmlChar *)GEORSS);
    put(writer, "id",
        arena_printf(arena, "tag:%s,2026:cap.atom%.*s", sender, (int)feed->query.len, feed->query.data));
    put(writer, "title", "Alerts in force");
    put_time(writer, "updated", feed->updated);
    put_person(writer, sender);
    put_link(writer, "self", "application/atom+xml", self);
    for (size_t i = 0; i < feed->count; i++) {
        struct arena scratch;
        arena_init(&scratch, NULL, 0);
        put_entry(writer, feed, &feed->entries[i], &scratch);
        arena_free(&scratch);
    }
    xmlTextWriterEndElement(writer);
}

struct bytes cap_atom_write(const struct cap_atom *feed, struct arena *arena)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    if (!writer)
        abort();
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    put_feed(writer, feed, arena);
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    size_t len = (size_t)xmlBufferLength(buffer);
    struct bytes out = {(const uint8_t *)arena_copy(arena, xmlBufferContent(buffer), len), len};
    xmlBufferFree(buffer);
    return out;
}
