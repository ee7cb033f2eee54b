/* Files of one request each, for their owner alone. */
#include "cli/footage_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_TEXT = COMMAND_FIELD, FILE_MOST = 1 << 20 };

void footage_time(int64_t at, char out[32])
{
    time_t seconds = (time_t)(at / 1000);
    struct tm parts;
    snprintf(out, 32, "at no time");
    if (gmtime_r(&seconds, &parts))
        strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &parts);
}

static bool path_of(
    const struct invocation *invocation, const char *request_id, const char *ending, char out[PATH_TEXT])
{
    /* No name of a file but an id. */
    if (!*request_id || strspn(request_id, "0123456789abcdef") != strlen(request_id))
        return false;
    return snprintf(out, PATH_TEXT, "%s/footage/%s.%s", invocation->common.data, request_id, ending) <
           PATH_TEXT;
}

static bool write_file(const struct invocation *invocation, const char *request_id, const char *ending,
    struct bytes content, struct arena *arena)
{
    char path[PATH_TEXT];
    if (path_of(invocation, request_id, ending, path) &&
        cli_write_secret(path, arena_copy(arena, content.data, content.len)))
        return true;
    cli_fail(invocation, EXIT_REFUSED, "%.150s/footage cannot be written: %s", invocation->common.data,
        strerror(errno));
    return false;
}

static bool read_file(const struct invocation *invocation, const char *request_id, const char *ending,
    struct arena *arena, struct bytes *out)
{
    char path[PATH_TEXT];
    return path_of(invocation, request_id, ending, path) && cli_read_file(path, FILE_MOST, arena, out);
}

static void drop_file(const struct invocation *invocation, const char *request_id, const char *ending)
{
    char path[PATH_TEXT];
    if (path_of(invocation, request_id, ending, path))
        unlink(path);
}

/* ---- requests ---- */

static const char *id_of(struct text id, struct arena *arena)
{
    return arena_copy(arena, id.data ? id.data : "", id.len);
}

bool footage_keep_request(
    const struct invocation *invocation, const struct footage_request *request, struct arena *arena)
{
    const char *id = id_of(request->request_id, arena);
    if (!request->ended)
        return write_file(
            invocation, id, "request", codec_encode_footage_request(ENCODING_JSON, request, arena), arena);
    drop_file(invocation, id, "request");
    drop_file(invocation, id, "answer");
    return true;
}

bool footage_request_kept(const struct invocation *invocation, const char *request_id, struct arena *arena,
    struct footage_request *out)
{
    struct refusal refusal;
    struct bytes file;
    return read_file(invocation, request_id, "request", arena, &file) &&
           codec_decode_footage_request(ENCODING_JSON, file, arena, out, &refusal);
}

static int is_request(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), ending = strlen(".request");
    return len > ending && strcmp(entry->d_name + len - ending, ".request") == 0;
}

size_t footage_requests_kept(const struct invocation *invocation, struct arena *arena, const char ***ids)
{
    struct dirent **list;
    char folder[PATH_TEXT];
    snprintf(folder, sizeof folder, "%.200s/footage", invocation->common.data);
    int count = scandir(folder, &list, is_request, alphasort);
    if (count <= 0)
        return 0;
    *ids = arena_take(arena, (size_t)count * sizeof **ids);
    for (int i = 0; i < count; i++) {
        (*ids)[i] = arena_copy(arena, list[i]->d_name, strlen(list[i]->d_name) - strlen(".request"));
        free(list[i]);
    }
    free(list);
    return (size_t)count;
}

/* ---- answers ---- */

struct footage_answer footage_answer_kept(
    const struct invocation *invocation, const char *request_id, struct arena *arena)
{
    struct footage_answer answer, nothing = {.request_id = text_of(request_id)};
    struct refusal refusal;
    struct bytes file;
    if (!read_file(invocation, request_id, "answer", arena, &file))
        return nothing;
    file.len = file.len < FOOTAGE_ANSWER_BYTES ? file.len : FOOTAGE_ANSWER_BYTES; /* without the line's end */
    return codec_decode_footage_answer(ENCODING_JSON, file, arena, &answer, &refusal) ? answer : nothing;
}

bool footage_keep_answer(
    const struct invocation *invocation, const struct footage_answer *answer, struct arena *arena)
{
    return write_file(invocation, id_of(answer->request_id, arena), "answer",
        codec_encode_footage_answer(ENCODING_JSON, answer, arena), arena);
}

bool footage_was_sent(const struct invocation *invocation, const char *request_id)
{
    char path[PATH_TEXT];
    return path_of(invocation, request_id, "sent", path) && access(path, F_OK) == 0;
}

bool footage_send(const struct invocation *invocation, struct link *link, const struct footage_answer *what,
    struct arena *arena, struct link_answer *answer)
{
    const char *id = id_of(what->request_id, arena);
    const struct link_publish publish = {.topic = "nb/v1/footage-answer",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_footage_answer(ENCODING_PROTOBUF, what, arena)};
    if (!link_publish(link, &publish, answer))
        return false;
    char at[32];
    footage_time(cli_now(), at);
    if (write_file(invocation, id, "sent", (struct bytes){(const uint8_t *)at, strlen(at)}, arena))
        drop_file(invocation, id, "answer");
    return true;
}
