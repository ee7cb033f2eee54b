/* neighbors footage-received: what owners shared with an agency, opened with its key and kept as files:
 * <clip id>.cms as it came (`openssl cms -decrypt` opens it too), <clip id>.json, and the picture. What was
 * taken back is deleted here. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bridge/seal_cms.h"
#include "cli/footage_folder.h"
#include "cli/inbox.h"

enum { KEY, FOLDER, CLIENT, COUNT, FOR };
static const struct option_row options[] = {
    [KEY] = {"key", "FILE", "the private key of the agency's certificate, PEM"},
    [FOLDER] = {"folder", "DIR", "where to keep what comes (not kept)"},
    [CLIENT] = {"client", "ID", "the session that asked (" FOOTAGE_CLIENT ")"},
    [COUNT] = {"count", "N", "stop after so many"},
    [FOR] = {"for", "SPAN", "stop after so long, such as 30s"},
    {0},
};

enum { KEY_MOST = 1 << 16 };

struct agency {
    struct inbox inbox;
    struct text key; /* len 0: none */
    const char *folder;
};

/* ---- files ---- */

static bool path_of(
    const struct agency *agency, const struct footage *footage, const char *ending, char out[COMMAND_FIELD])
{
    return snprintf(out, COMMAND_FIELD, "%s/%.*s.%s", agency->folder, (int)footage->clip_id.len,
               footage->clip_id.data, ending) < COMMAND_FIELD;
}

static bool keep(
    const struct agency *agency, const struct footage *footage, const char *ending, struct bytes content)
{
    char path[COMMAND_FIELD];
    FILE *file = NULL;
    if (path_of(agency, footage, ending, path)) {
        unlink(path); /* the same clip come twice */
        file = cli_create(path, 0600);
    }
    bool written = file && fwrite(content.data, 1, content.len, file) == content.len;
    if (file && fclose(file) != 0)
        written = false;
    if (!written)
        fprintf(stderr, "neighbors: %.200s cannot be written: %s\n", agency->folder, strerror(errno));
    return written;
}

static const char *const endings[] = {"cms", "json", "jpg", "png"};

static void delete_files(const struct agency *agency, const struct footage *footage)
{
    char path[COMMAND_FIELD];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (path_of(agency, footage, endings[i], path))
            unlink(path);
    }
}

static void keep_files(const struct agency *agency, const struct footage *footage, struct bytes plain,
    const struct sealed_clip *clip)
{
    if (!keep(agency, footage, "cms", footage->sealed) || !plain.len || !keep(agency, footage, "json", plain))
        return;
    if (clip->still.len)
        keep(agency, footage, text_equal(clip->media_type, TEXT("image/png")) ? "png" : "jpg", clip->still);
}

/* ---- what comes ---- */

static void print_text(const char *label, struct text text)
{
    if (text.len)
        printf("  %s: %.*s\n", label, (int)text.len, text.data);
}

static void print_clip(const struct footage *footage, const struct sealed_clip *clip, bool opened)
{
    char by[32];
    footage_time(footage->delete_by, by);
    printf("case %.*s, clip %.*s: ", (int)footage->case_number.len, footage->case_number.data,
        (int)footage->clip_id.len, footage->clip_id.data);
    if (footage->withdrawn) {
        puts("its owner took it back: delete it");
        return;
    }
    printf("%zu bytes sealed, to be deleted by %s\n", footage->sealed.len, by);
    if (!opened)
        return;
    print_text("purpose", clip->purpose);
    print_text("camera", clip->device);
    print_text("note", clip->note);
    print_text("recording", clip->reference);
    if (clip->still.len)
        printf("  a picture of %zu bytes\n", clip->still.len);
}

static void print_json(const struct footage *footage, struct bytes plain, struct arena *arena)
{
    struct bytes json = codec_encode_footage(ENCODING_JSON, footage, arena);
    json_t *object = json_loadb((const char *)json.data, json.len, 0, NULL);
    if (plain.len)
        json_object_set_new(object, "opened", json_loadb((const char *)plain.data, plain.len, 0, NULL));
    cli_print_json(object);
}

static void take(struct agency *agency, const struct footage *footage, struct arena *arena)
{
    struct sealed_clip clip = {0};
    struct bytes plain = {0};
    struct refusal refusal;
    const char *why = "it holds no clip";
    bool opened = false;
    if (footage->sealed.len && agency->key.len) {
        opened = seal_cms_open(footage->sealed, agency->key, arena, &plain, &why) &&
                 codec_decode_sealed_clip(ENCODING_JSON, plain, arena, &clip, &refusal);
        if (!opened)
            fprintf(stderr, "neighbors: %.*s cannot be opened: %s\n", (int)footage->clip_id.len,
                footage->clip_id.data, why);
    }
    if (!opened)
        plain = (struct bytes){0};
    if (agency->folder && footage->withdrawn)
        delete_files(agency, footage);
    else if (agency->folder)
        keep_files(agency, footage, plain, &clip);
    if (agency->inbox.invocation->common.json)
        print_json(footage, plain, arena);
    else
        print_clip(footage, &clip, opened);
}

static void on_message(void *arg, const struct link_message *message)
{
    struct agency *agency = arg;
    struct footage footage;
    struct refusal refusal;
    struct arena arena;
    if (!text_equal(message->topic, TEXT("nb/v1/inbox/footage")) || agency->inbox.left == 0)
        return;
    arena_init(&arena, NULL, 0);
    if (codec_decode_footage(ENCODING_PROTOBUF, message->payload, &arena, &footage, &refusal)) {
        take(agency, &footage, &arena);
        if (agency->inbox.left > 0)
            agency->inbox.left--;
    }
    arena_free(&arena);
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"agency/", NULL};
    const char *const *value = invocation->value;
    struct agency agency = {
        .inbox = {.client = FOOTAGE_CLIENT, .handler = on_message, .arg = &agency}, .folder = value[FOLDER]};
    struct bytes key = {0};
    struct arena arena;
    enum exit_code code;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "footage-received takes options alone");
    if (value[FOLDER] && !cli_make_folder(value[FOLDER]))
        return cli_fail(
            invocation, EXIT_REFUSED, "--folder: %.200s cannot be made: %s", value[FOLDER], strerror(errno));
    if (!inbox_read(&agency.inbox, invocation, wishes, value[CLIENT], value[COUNT], value[FOR], &code))
        return code;
    arena_init(&arena, NULL, 0);
    if (value[KEY] && !cli_read_file(value[KEY], KEY_MOST, &arena, &key)) {
        code = cli_fail(
            invocation, EXIT_REFUSED, "--key: %.200s cannot be read: %s", value[KEY], strerror(errno));
    } else {
        agency.key = (struct text){(const char *)key.data, key.len};
        code = inbox_follow(&agency.inbox);
    }
    arena_free(&arena);
    return code;
}

const struct command command_footage_received = {
    "footage-received", "what owners shared with an agency, opened with its key", "", options, run};
