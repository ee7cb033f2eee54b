/* The record of an event in its household's log: kind | phase << 4 (1 byte), confidence (1), device number in
 * the household (2), nothing (2), at in ms since 1970 (6), until - at in ms (4; 0: not told), activity id (1
 * + n), clip (1 + n). Numbers are little-endian. A record names no device in words and no place at all: who
 * steals the disk reads none. A stream entry holds several, each behind one byte with its length. */
#ifndef NEIGHBORS_BROKER_KIND_MOTION_RECORD_H
#define NEIGHBORS_BROKER_KIND_MOTION_RECORD_H

#include "proto/arena.h"
#include "proto/message.h"

enum { MOTION_RECORD_FIXED = 18, MOTION_RECORD_MOST = 255 };

/* The record, in the arena. */
struct bytes motion_record_write(const struct motion_event *event, uint16_t device, struct arena *arena);
/* Reads one; texts are views into it, seq and device are left empty. False: it is no record. */
bool motion_record_read(struct bytes record, struct motion_event *out, uint16_t *device)
    __attribute__((warn_unused_result));

#endif
