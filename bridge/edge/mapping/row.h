/* The mappings of neighbors-edge, as data: a row tells which topics it is meant for and where in the payload
 * the device, the kind, the phase, the id and the times are. A map is all rows of one publisher. There is no
 * code for any publisher: what a row cannot say, the edge does not read, and nothing but these fields ever
 * leaves the house.
 *
 * Topic patterns are MQTT levels with captures:
 *   {p}        the publisher's prefix, a setting (default below); may be several levels
 *   {dev}      the device; several captures are joined by "/"; {dev+} is one or more whole levels
 *   {kind}     a word for the kind of motion
 *   {_}        anything; {_+} one or more whole levels
 * A capture may be a part of a level ("{dev}_recorder") and may exclude words ("{_!all,state}").
 *
 * Places in a payload are JSON pointers (RFC 6901); "*" as a segment is every element of an array, "Switch*"
 * every key with that beginning. Several pointers are parted by spaces. In a collection they start at the
 * element, with "^" in front at the root. An empty pointer is the whole payload (or element). */
#ifndef NEIGHBORS_EDGE_ROW_H
#define NEIGHBORS_EDGE_ROW_H

#include "proto/message.h"

enum edge_shape {
    SHAPE_TEXT,       /* the whole payload is one word: ON, off, 1, motion */
    SHAPE_POINTER,    /* JSON in which a pointer finds that word */
    SHAPE_LIFE,       /* JSON about something with an id, told when it begins, changes and ends */
    SHAPE_COLLECTION, /* JSON in which an array or the keys of an object hold several such things */
};

/* What a word says. The first four are those of a MotionEvent. */
enum edge_meaning {
    MEANS_NOTHING,
    MEANS_START = PHASE_START,
    MEANS_UPDATE = PHASE_UPDATE,
    MEANS_END = PHASE_END,
    MEANS_PULSE = PHASE_PULSE,
    MEANS_WHOLE,  /* it is over: the end of what was told before, else a pulse */
    MEANS_REFINE, /* tells a better kind for what is going on, starts nothing */
};

struct edge_word {
    const char *word; /* NULL ends a list */
    enum edge_meaning means;
};

struct edge_row {
    const char *map;
    const char *topic;
    enum edge_shape shape;
    const char *each;              /* collection: its elements */
    const char *device;            /* NULL: the topic's {dev}; "key": the element's key; else pointers */
    const char *id;                /* pointer to the publisher's own id of this activity; NULL: none */
    enum motion_kind kind;         /* 0: by kind_from */
    const char *kind_from;         /* "{kind}", "{tail}" (end of the device's name), "payload", or pointers */
    bool closed;                   /* kind_from must give a known word, else the row is not meant */
    enum edge_meaning always;      /* the phase, when no word tells it */
    const char *phase_from;        /* pointers to the word; of several, one that says START wins */
    const struct edge_word *words; /* NULL: ON/OFF, true/false, 1/0 in any case */
    const char *guard; /* "/a=b": a is b. "!/a": a is not true. Keeps from starting, never from ending */
    const char *time, *until; /* pointers: epoch in s or ms (told apart by size), or ISO 8601 with a zone */
    const char *confidence;   /* pointer; up to `of` */
    unsigned of;              /* 1 or 100 */
    unsigned rank;      /* of several rows about one device the highest one seen starts things; 0: no rank */
    unsigned silence_s; /* a start without an end is ended after this; 0: 300 s */
    bool endless;       /* the publisher often tells no end: after the silence the next word starts anew */
    bool any_prefix;    /* the payload is so distinct that translate may guess {p} */
    bool dated;   /* the time names the motion: told again with the same time it is the same, not a new one */
    bool general; /* so general that what was learned from discovery goes before it */
    bool own;     /* the owner wrote it */
};

struct edge_map {
    const char *name, *prefix, *sentence;
};

enum { EDGE_MAP_NAME = 32 }; /* bytes of a map's name, with its NUL */

extern const struct edge_map edge_maps[];
extern const size_t edge_map_count;
extern const struct edge_row edge_rows[];
extern const size_t edge_row_count;

/* The map of that name; NULL when there is none. */
const struct edge_map *edge_map_of(struct text name);

/* ---- topics ---------------------------------------------------------------------------------------- */

enum { EDGE_NAME = 128 }; /* bytes of a device's local name, with its NUL */

struct edge_captures {
    char device[EDGE_NAME];
    char kind[EDGE_NAME];
};

/* What is wrong with a pattern that somebody wrote; NULL: nothing. */
const char *edge_topic_wrong(const char *pattern);

/* Whether the row's pattern fits the topic, with {p} = prefix, or any prefix when that is NULL. Names that
 * are too long do not fit. Source: MQTT 3.1.1, section 4.7. */
bool edge_topic_match(const char *pattern, const char *prefix, struct text topic, struct edge_captures *out);

/* Calls `each` with every filter that the row needs to hear of `device` (its local name): exact levels where
 * the pattern and the name tell them, "+" for the others, never "#". false: the name cannot stand in a topic.
 */
typedef void edge_filter_visit(void *arg, const char *filter);
bool edge_topic_filters(const char *pattern, const char *prefix, const char *device, edge_filter_visit *each,
    void *arg) __attribute__((warn_unused_result));

/* ---- words ----------------------------------------------------------------------------------------- */

/* The kind that a publisher's word stands for: the closed list; 0 for any other word. "-verified" is taken
 * off. */
enum motion_kind edge_kind_of(struct text word);
/* The kind that the end of a sensor's name tells ("driveway_person_occupancy"); 0 when it is not about
 * motion. */
enum motion_kind edge_kind_of_name(const char *name);
/* Which of two kinds says more. */
enum motion_kind edge_kind_better(enum motion_kind a, enum motion_kind b);
/* What a word means in a list (NULL: the general one). */
enum edge_meaning edge_meaning_of(const struct edge_word *words, struct text word);

#endif
