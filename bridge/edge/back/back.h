/* The way back of `neighbors-edge run`: the neighborhood's alerts, its activity and agencies' footage
 * requests come into the home, on plain topics and as entities of Home Assistant, and the owner's answers
 * leave it.
 *
 * Two connections of its own, so that it and the events that go outward never wait for each other: one to the
 * home's broker, with a will, and one to the neighborhood's, as the owner or as the edge. A turn takes what
 * came on both, writes what follows from it in one transaction, tells the home, and only then acknowledges.
 */
#ifndef NEIGHBORS_EDGE_BACK_H
#define NEIGHBORS_EDGE_BACK_H

#include <poll.h>

#include "bridge/edge/settings/settings.h"
#include "bridge/edge/spool/spool.h"

struct back;
enum { BACK_POLLED = 2 };

/* The settings and the spool must outlive it. wall: ms since 1970. NULL with *good true: nothing is to come
 * back, which all functions below take; with *good false: told on standard error. */
struct back *back_open(const struct edge_settings *settings, struct spool *spool, int64_t wall, bool *good);
void back_close(struct back *back);

/* Fills in what poll has to watch, and says after how many ms back_turn wants to be called at the latest.
 * now: monotonic ms. */
int back_poll(struct back *back, struct pollfd out[BACK_POLLED], int64_t now, int64_t wall);
/* How it is, as a member of the edge's report (report.h); adds to reasons what is not as it should be. The
 * object is the caller's. */
struct json_t *back_report(const struct back *back, struct json_t *reasons);
/* Does what poll found to be ready and what is due. */
void back_turn(struct back *back, const struct pollfd polled[BACK_POLLED], int64_t now, int64_t wall);

#endif
