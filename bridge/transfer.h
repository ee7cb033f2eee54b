/* All that an installation has in Redis, as a file that another Redis or cluster (or Valkey) takes in.
 *
 * The file, version 1: one line of text
 *     neighbors-installation 1 layout "<nb:layout>" at <ms since 1970>\n
 * then the commands that make the keys, each as Redis' protocol has it (an array of bulk strings), those of
 * one key one after the other, with DEL first; every command's first argument that begins with "nb:" is its
 * key. They are DEL, SET, HSET, SADD, ZADD, RPUSH, XADD (with ids), XSETID, XGROUP CREATE and DESTROY,
 * XCLAIM, PEXPIREAT. Then one line
 *
 *     end <keys> <commands> <SHA-256 of all bytes before this line, hexadecimal>\n
 *
 * When a key goes is a moment, not a span: it goes when it would have gone where it was, also on the way;
 * then there are fewer keys than the last line says.
 *
 * No value is in a form of Redis' own, so that versions of Redis do not matter. What must not
 * travel is left out: leases, locks, and who is connected. Keys of the installation (broker.secret, token.key
 * …) are not in it; but sealed places, and sessions, are of no use without them. */
#ifndef NEIGHBORS_BRIDGE_TRANSFER_H
#define NEIGHBORS_BRIDGE_TRANSFER_H

#include <stdio.h>

#include "bridge/redis_sync.h"

struct transfer {
    uint64_t keys, commands;
    char layout[32]; /* as nb:layout has it */
    char sum[65];    /* of a file that was read: the SHA-256 of its last line, hexadecimal */
    char error[240];
};

/* Writes the file. Nobody else changes the data meanwhile, or the whole is of no moment that ever was. Then
 * each value is of one with `at_once`, and else one of more than a page may be of none. Memory: a page of
 * each of some values; with `at_once` also the largest value, here and for that long in Redis. False:
 * out->error; ferror(file) when it is the file that fails. */
bool transfer_export(struct redis_sync *redis, FILE *file, int64_t now, bool at_once, struct transfer *out)
    __attribute__((warn_unused_result));

/* Reads the file to its end and holds it against its last line; it is where it was then. False: out->error.
 */
bool transfer_check(FILE *file, struct transfer *out) __attribute__((warn_unused_result));
/* Takes in a file that was checked. While that lasts nb:layout names the file, and no neighborsd starts with
 * the data. What fails leaves a part of it there; done again with the same file it is whole, for the commands
 * of each key begin with DEL. False: out->error. */
bool transfer_import(struct redis_sync *redis, FILE *file, const struct transfer *checked,
    struct transfer *out) __attribute__((warn_unused_result));

/* Whether the file may be taken in: no master has a key of ours, or only what an import of the same file left
 * that was stopped. 1 or 0; -1: redis->error. */
int transfer_may_import(struct redis_sync *redis, const struct transfer *checked);

#endif
