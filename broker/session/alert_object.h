/* One revision of an alert, loaded once and shared by all who follow it here. */
#ifndef NEIGHBORS_BROKER_SESSION_ALERT_OBJECT_H
#define NEIGHBORS_BROKER_SESSION_ALERT_OBJECT_H

#include <uthash.h>

#include "broker/core.h"
#include "proto/arena.h"
#include "proto/message.h"
#include "proto/topic.h"

/* What an alert looked like at some revision: who must be told when it no longer does. Face 0 is this
 * revision's. */
struct alert_face {
    struct geo_shape shape;
    const struct geo_prepared *prepared; /* of a shape with many points; else NULL */
    uint8_t category;
    uint8_t item_class; /* enum item_class */
};
enum { ALERT_FACES = 64 };

enum alert_load { ALERT_LOADING, ALERT_READY, ALERT_GONE };

struct alert_object {
    UT_hash_handle hh;
    struct {
        char public_id[PUBLIC_ID + 1];
        uint32_t revision;
    } key;
    uint64_t serial; /* no two objects of this process have the same */
    uint32_t holders;
    uint32_t delivered;                  /* not told yet (delivered.h) */
    struct alert_object *next_delivered; /* of those with some */
    uint8_t sender_tag;
    enum alert_load load;
    bool failed;        /* the store could not load it: it is asked again */
    bool in_force;      /* of this revision */
    bool taken_back;    /* now: held or removed by moderation, whose text is shown no more */
    struct text tester; /* who sent it, of a test; else "" */
    int64_t at;         /* ms; when this revision was stored; 0: not known */
    struct arena arena; /* of alert and faces */
    struct alert alert; /* as it is delivered */
    int face_count;
    struct alert_face *faces;
    char cell[GEO_CELL_TEXT]; /* leaf cell of its centre; "" when it has none */
};

/* The revision that the notice names, held for the caller; loads it when nobody has it. Never NULL. When it
 * leaves the state LOADING, channels and sessions that wait go on by themselves (deliver_alert_loaded). */
struct alert_object *alert_object_hold(struct broker *broker, const struct alert_notice *notice);
/* Loads again what the store failed to load. Once a second. */
void alert_objects_tick(struct broker *broker);
/* NULL is allowed. */
void alert_object_drop(struct broker *broker, struct alert_object *alert);

/* The class of an alert by its place and sender (CONTRACT: activity, incident, area). */
enum item_class alert_class(const struct alert *alert);
/* The shape that decides who is concerned. Points into arena. A resident's point stands for its whole leaf
 * cell, because it was snapped to that. */
struct geo_shape alert_shape(const struct alert *alert, int leaf_precision, struct arena *arena);

/* Gives a face with many points an index, in the arena, so that each question costs little; once the face is
 * where it stays. */
void alert_face_prepare(struct alert_face *face, struct arena *arena);
/* True when the face has a point in common with the circle, or with the cell. */
bool alert_face_touches_circle(const struct alert_face *face, struct geo_point center, double metres);
bool alert_face_touches_cell(const struct alert_face *face, geo_cell cell);

#endif
