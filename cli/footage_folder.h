/* What an owner's computer keeps of footage requests, in DIR/footage: <request id>.request as it came,
 * <request id>.answer that is still to be sent, <request id>.sent once it was. So the answer can be thought
 * over in one call of the program and sent, at the time at which every owner's goes, by another. */
#ifndef NEIGHBORS_CLI_FOOTAGE_FOLDER_H
#define NEIGHBORS_CLI_FOOTAGE_FOLDER_H

#include "cli/cli.h"
#include "cli/link.h"
#include "proto/codec.h"

/* Keeps a request, or, when it ended, forgets all of it. False: the complaint was printed. */
bool footage_keep_request(
    const struct invocation *invocation, const struct footage_request *request, struct arena *arena);
/* False: there is none of that id, or it cannot be read. */
bool footage_request_kept(const struct invocation *invocation, const char *request_id, struct arena *arena,
    struct footage_request *out);
/* The ids of all that are kept; the array and its texts are in the arena. */
size_t footage_requests_kept(const struct invocation *invocation, struct arena *arena, const char ***ids);

/* The answer that is to be sent; without clips when nothing was said. sent: the one that was. */
struct footage_answer footage_answer_kept(
    const struct invocation *invocation, const char *request_id, struct arena *arena);
bool footage_keep_answer(
    const struct invocation *invocation, const struct footage_answer *answer, struct arena *arena);
bool footage_was_sent(const struct invocation *invocation, const char *request_id);

/* Sends the answer, padded as every one is, and notes that. False: the connection was lost first. A refusal
 * is told in *answer. */
bool footage_send(const struct invocation *invocation, struct link *link, const struct footage_answer *what,
    struct arena *arena, struct link_answer *answer);

/* "2026-11-28 04:00:00 UTC". */
void footage_time(int64_t at, char out[32]);

#endif
