/* What the tests of alerts in the store share (store_alerts.h). */
#include "tests/live/store_alerts.h"

void on_answer(void *arg, const struct store_alert_result *result)
{
    struct answer *answer = arg;
    assert_false(answer->done);
    answer->done = true;
    answer->result = *result;
}

static size_t split(char *words, char *out, size_t width)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        snprintf(out + width * count++, width, "%s", word);
    return count;
}

void make_alert(struct said *said, struct say s)
{
    char words[256];
    const char *body = s.body ? s.body : "body", *area = s.area ? s.area : "area";
    struct store_alert *alert = &said->alert;
    *alert = s.others;
    alert->act = s.act;
    alert->sender_tag = s.others.sender_tag ? s.others.sender_tag : TAG;
    alert->now = fixture_now();
    alert->expires = s.expires ? s.expires : START + 60000;
    strcpy(alert->id, s.id);
    snprintf((char *)alert->digest, sizeof(alert->digest), "%s", body);
    snprintf(words, sizeof(words), "%s", s.references ? s.references : "");
    alert->reference_count = split(words, said->references[0], sizeof(said->references[0]));
    alert->references = (const char(*)[PUBLIC_ID + 1]) said->references;
    snprintf(words, sizeof(words), "%s",
        s.channels                    ? s.channels
        : s.act == STORE_ALERT_CANCEL ? ""
                                      : "9qh1f");
    alert->channel_count = split(words, said->channels[0], sizeof(said->channels[0]));
    alert->channels = (const char(*)[13])said->channels;
    alert->body = (struct bytes){(const uint8_t *)body, strlen(body)};
    alert->area = (struct bytes){(const uint8_t *)area, strlen(area)};
}

struct store_alert_result say(struct fixture *f, struct say s)
{
    struct said said;
    struct answer answer = {0};
    make_alert(&said, s);
    store_alert(f->store, &said.alert, on_answer, &answer);
    assert_false(answer.done);
    fixture_until(f, &answer.done);
    return answer.result;
}

static void copy(char out[64], struct text text)
{
    snprintf(out, 64, "%.*s", (int)text.len, text.data ? text.data : "");
}

static void on_record(void *arg, const struct store_alert_record *found)
{
    struct record *record = arg;
    record->done = true;
    record->record = *found;
    snprintf(
        record->body, sizeof(record->body), "%.*s", (int)found->body.len, (const char *)found->body.data);
    copy(record->sender, found->sender);
    copy(record->household, found->household);
    copy(record->officer, found->officer);
    for (size_t i = 0; i < found->area_count && i < 4; i++)
        snprintf(record->areas[i], sizeof(record->areas[i]), "%.*s", (int)found->areas[i].len,
            (const char *)found->areas[i].data);
}

struct record load_of(struct fixture *f, uint8_t tag, const char *id, uint32_t revision)
{
    struct record record = {0};
    store_alert_load(f->store, tag, id, revision, on_record, &record);
    fixture_until(f, &record.done);
    return record;
}

struct record load(struct fixture *f, const char *id, uint32_t revision)
{
    return load_of(f, TAG, id, revision);
}

static void on_state(void *arg, const struct channel_state *state)
{
    struct opened *opened = arg;
    assert_false(opened->done);
    opened->done = true;
    opened->state = *state;
    for (size_t i = 0; i < state->alert_count && i < 8; i++)
        opened->alerts[i] = state->alerts[i];
}

struct opened state_of(struct fixture *f, const char *channel)
{
    struct opened opened = {0};
    store_channel_state(f->store, text_of(channel), on_state, &opened);
    fixture_until(f, &opened.done);
    return opened;
}

void follow(struct fixture *f, const char *channel)
{
    struct opened opened = {0};
    store_follow(f->store, text_of(channel), on_state, &opened);
    fixture_until(f, &opened.done);
    assert_int_equal(opened.state.status, STORE_OK);
}

const char *history(struct fixture *f, const char *channel)
{
    static char text[1024];
    text[0] = 0;
    for (size_t i = 0; i < f->told_count; i++) {
        const struct told *told = &f->told[i];
        if (strcmp(told->channel, channel) != 0 || told->kind != ENTRY_ALERT)
            continue;
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%c%u%c", text[0] ? " " : "",
            told->alert.public_id[0], told->alert.revision, told->alert.in_force ? '+' : '-');
    }
    return text;
}
