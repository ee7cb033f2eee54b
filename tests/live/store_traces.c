#include "tests/live/store_traces.h"

#include <dirent.h>
#include <stdlib.h>

#include "proto/message.h"

enum { RECORD_FIXED = 18 };

static size_t sent; /* events, of which nobody has heard yet */

void happens(struct fixture *f, const char *household, uint8_t number, const char *marker, int64_t at)
{
    uint8_t record[1 + RECORD_FIXED + LIMIT_ID] = {0, KIND_PERSON | PHASE_START << 4, 90, number};
    size_t len = strlen(marker);
    for (int i = 0; i < 6; i++)
        record[7 + i] = (uint8_t)(at >> 8 * i);
    record[17] = (uint8_t)len;
    memcpy(record + 18, marker, len);
    record[0] = (uint8_t)(RECORD_FIXED + len);
    redisAppendCommand(f->ask.context, "XADD nb:{r%s}:log:%s * e %b", at % 2 ? "9c" : "07", household, record,
        (size_t)1 + RECORD_FIXED + len);
    sent++;
}

void all_are_stored(struct fixture *f)
{
    for (; sent; sent--) {
        void *reply = NULL;
        assert_int_equal(redisGetReply(f->ask.context, &reply), REDIS_OK);
        assert_int_equal(((redisReply *)reply)->type, REDIS_REPLY_STRING);
        freeReplyObject(reply);
    }
}

void enrolled(struct fixture *f, const char *household, const char *name, int number)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", TEXT("9qh1f5"), digest);
    assert_true(
        redis_tell(&f->ask,
            "HSET nb:{p:%s}:principal household %s number %d share 4 enrolled 1 region %s leaf_digest %s",
            name, household, number, "9c", digest) &&
        redis_tell(&f->ask, "SADD nb:{h:%s}:members %s", household, name) &&
        redis_tell(&f->ask, "HSET nb:{h:%s}:household verified 1", household));
}

void a_household(struct fixture *f)
{
    enrolled(f, "h1", "device/cam-1", 1);
    enrolled(f, "h1", "device/cam-2", 2);
    enrolled(f, "h1", "user/ann", 0);
    enrolled(f, "h2", "device/cam-9", 1);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:s:phone gen 1 expiry 3600"));
    assert_true(redis_tell(&f->ask, "SADD nb:{p:user/ann}:clients phone"));
    for (int i = 0; i < EVENTS; i++) {
        happens(f, "h1", 1, "FIRST-CAMERA", START + i);
        happens(f, "h1", 2, "SECOND-CAMERA", START + i);
        happens(f, "h2", 1, "THE-NEIGHBORS", START + i);
    }
    all_are_stored(f);
}

void traces(struct fixture *f, const char *home, const char *camera, const char *resident)
{
    char clip[64] = "s-since--delete-";
    size_t len = 17;
    clip[len++] = (char)strlen(home);
    memcpy(clip + len, home, strlen(home));
    len += strlen(home);
    fixture_tell(f, "HSET nb:{r10}:cool:%lld %s/%b 1", (long long)(fixture_now() / 600000), home,
        "\0\1"
        "1",
        (size_t)3);
    fixture_tell(f, "HSET nb:{r11}:seq:0a device/%s%bclient state", camera, "\0", (size_t)1);
    fixture_tell(f, "HSET nb:{r11}:once:ff device/%s%bclient state", camera, "\0", (size_t)1);
    fixture_tell(f, "SADD nb:{p:device/%s}:clients client", camera);
    fixture_tell(f, "HSET nb:{p:device/%s}:s:client gen 1 expiry 9", camera);
    fixture_tell(f, "HSET nb:{r12}:q2:device/%s/client 7 1", camera);
    fixture_tell(f, "HSET nb:{p:user/%s}:board note said-to-%s", resident, resident);
    fixture_tell(f, "SADD nb:{p:user/%s}:boxes phone", resident);
    fixture_tell(f, "HSET nb:{p:user/%s}:cells a 1", resident);
    fixture_tell(f, "HSET nb:{p:user/%s}:instances phone 0", resident);
    fixture_tell(f, "HSET nb:{h:%s}:settings version 1", home);
    fixture_tell(f, "ZADD nb:{s03}:tips:user/%s 1 talk-%s", resident, resident);
    fixture_tell(f, "HSET nb:{s03}:tip:talk-%s sender user/%s agency agency/pd claim x d1%s a d2%s b",
        resident, resident, home, home);
    fixture_tell(f, "HSET nb:{p:agency/pd}:board 1%s %b", home, "0000000000000000tip", (size_t)19);
    fixture_tell(f, "ZADD nb:{s03}:limit:user/%s 1 a", resident);
    fixture_tell(f, "ZADD nb:{s04}:footage_due 1 request");
    fixture_tell(
        f, "HSET nb:{s04}:footage:request until 1 settled asked agency agency/pd case 1 to 1 stage over");
    fixture_tell(f, "SADD nb:{s04}:asked:request %s", home);
    fixture_tell(f, "HSET nb:{s04}:ask:request %s x", home);
    fixture_tell(f, "HSET nb:{s04}:clips:request clip-%s %b", home, clip, len);
    fixture_tell(f, "HSET nb:{s11}:flags:" B " %s 1", home);
    fixture_tell(f, "ZADD nb:{s11}:tombs 99999999999999 " B);
}

bool disk_has(const char *folder, const char *text)
{
    bool found = false;
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file; !found && (file = readdir(files));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (file->d_name[0] == '.' || file->d_type == DT_SOCK)
            continue;
        if (file->d_type == DT_DIR) {
            found = disk_has(path, text);
            continue;
        }
        FILE *in = fopen(path, "r");
        if (!in) /* renamed meanwhile */
            continue;
        fseek(in, 0, SEEK_END);
        size_t size = (size_t)ftell(in);
        rewind(in);
        char *bytes = malloc(size + 1);
        size = fread(bytes, 1, size, in);
        found = memmem(bytes, size, text, strlen(text)) != NULL;
        free(bytes);
        fclose(in);
    }
    closedir(files);
    return found;
}
