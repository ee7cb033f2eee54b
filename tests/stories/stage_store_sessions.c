/* The scripted store's sessions: what each has stored, who holds it, and what comes into its inbox. */
#include "bridge/store_board.h"
#include "tests/stories/stage_store_inside.h"

enum { CURSOR_STORED = 21 };

/* ---- calls ---- */

static void session_text(char out[256], struct session_name name)
{
    snprintf(out, 256, "%.*s/%.*s", (int)name.principal.len, name.principal.data, (int)name.client.len,
        name.client.data);
}

void store_session_open(
    struct store *store, const struct store_opening *opening, store_session_done *done, void *arg)
{
    (void)store;
    struct session_name name = opening->name;
    bool clean = opening->clean;
    uint32_t expiry_s = opening->expiry_s;
    struct call *call = stage_called(CALL_OPEN, arg, "%.*s/%.*s clean=%d expiry=%u", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data, clean, expiry_s);
    call->session = done;
    call->clean = clean;
    call->expiry_s = expiry_s;
    call->token_issued = opening->token_issued;
    session_text(call->name, name);
}

void store_session_save(struct store *store, struct session_name name, uint64_t generation,
    struct bytes subscriptions, struct bytes cursors, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_SAVE, arg, "%.*s/%.*s%s%s", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data,
        subscriptions.data ? " subscriptions" : "", cursors.data ? " cursors" : "");
    call->status = done;
    call->generation = generation;
    if (subscriptions.data)
        call->subscriptions = stage_copy(subscriptions);
    if (cursors.data)
        call->cursors = stage_copy(cursors);
    session_text(call->name, name);
}

void store_session_wishes(struct store *store, struct session_name name, uint64_t generation,
    struct bytes wishes, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_WISHES, arg, "%.*s/%.*s", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data);
    call->status = done;
    call->generation = generation;
    call->data = stage_copy(wishes);
    session_text(call->name, name);
}

void store_session_close(struct store *store, struct session_name name, uint64_t generation,
    uint32_t expiry_s, struct bytes cursors, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_CLOSE, arg, "%.*s/%.*s expiry=%u", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data, expiry_s);
    call->status = done;
    call->generation = generation;
    call->expiry_s = expiry_s;
    if (cursors.len)
        call->cursors = stage_copy(cursors);
    session_text(call->name, name);
}

void store_qos2_release(struct store *store, struct session_name name, uint64_t generation,
    uint16_t packet_id, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_RELEASE, arg, "%u", packet_id);
    call->status = done;
    call->generation = generation;
    call->packet_id = packet_id;
    session_text(call->name, name);
}

void store_inbox(struct store *store, struct session_name name, struct text topic_suffix,
    struct bytes payload, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call =
        stage_called(CALL_INBOX, arg, "%.*s/%.*s %.*s", (int)name.principal.len, name.principal.data,
            (int)name.client.len, name.client.data, (int)topic_suffix.len, topic_suffix.data);
    call->status = done;
    call->data = stage_copy(payload);
    snprintf(call->suffix, sizeof(call->suffix), "%.*s", (int)topic_suffix.len, topic_suffix.data);
    session_text(call->name, name);
}

void store_board_follow(struct store *store, struct session_name name, int64_t now)
{
    (void)store, (void)now;
    stage_note(CALL_BOARD, "%.*s/%.*s follows", (int)name.principal.len, name.principal.data,
        (int)name.client.len, name.client.data);
}

void store_board_leave(struct store *store, struct session_name name)
{
    (void)store;
    stage_note(CALL_BOARD, "%.*s/%.*s leaves", (int)name.principal.len, name.principal.data,
        (int)name.client.len, name.client.data);
}

/* ---- answers ---- */

struct kept_session *stage_session(const char *name)
{
    struct store *store = the_store();
    for (size_t i = 0; i < store->session_count; i++) {
        if (strcmp(store->sessions[i].name, name) == 0)
            return &store->sessions[i];
    }
    assert_true(store->session_count < MOST);
    struct kept_session *session = &store->sessions[store->session_count++];
    snprintf(session->name, sizeof(session->name), "%s", name);
    return session;
}

void stage_answer_open(struct call *call, enum store_status status)
{
    const char *slash = strchr(strchr(call->name, '/') + 1, '/');
    struct session_record record = {.status = status};
    struct kept_session *session = stage_session(call->name);
    record.principal =
        stage_principal_record((struct text){call->name, (size_t)(slash - call->name)}, status);
    if (record.status == STORE_OK)
        record.status = record.principal.status;
    if (record.status == STORE_OK)
        record.status = stage_instance_status(&record.principal, slash + 1, call->token_issued);
    if (record.status == STORE_OK) {
        if (call->clean || !session->present) {
            stage_drop(&session->subscriptions);
            stage_drop(&session->cursors);
            stage_drop(&session->wishes);
            session->qos2_count = 0;
        } else {
            record.present = true;
            record.closed = session->closed;
        }
        session->present = true;
        session->closed = false;
        record.generation = session->generation = ++the_store()->generation;
        record.subscriptions = session->subscriptions;
        record.cursors = session->cursors;
        record.wishes = session->wishes;
        record.qos2 = session->qos2;
        record.qos2_count = session->qos2_count;
    }
    call->session(call->arg, &record);
}

static void keep_cursors(struct kept_session *session, struct call *call)
{
    if (call->cursors.data) {
        stage_drop(&session->cursors);
        session->cursors = call->cursors;
        call->cursors = (struct bytes){0};
    }
}

static enum store_status session_written(struct call *call)
{
    struct kept_session *session = stage_session(call->name);
    if (session->generation != call->generation)
        return STORE_FENCED;
    if (call->kind == CALL_CLOSE && call->cursors.data)
        session->closed = true;
    keep_cursors(session, call);
    if (call->subscriptions.data) {
        stage_drop(&session->subscriptions);
        session->subscriptions = call->subscriptions;
        call->subscriptions = (struct bytes){0};
    }
    if (call->kind == CALL_WISHES) {
        stage_drop(&session->wishes);
        session->wishes = call->data;
        call->data = (struct bytes){0};
    }
    if (call->kind == CALL_CLOSE && call->expiry_s == 0)
        session->present = false;
    for (size_t i = 0; call->kind == CALL_RELEASE && i < session->qos2_count; i++) {
        if (session->qos2[i] == call->packet_id)
            session->qos2[i--] = session->qos2[--session->qos2_count];
    }
    return STORE_OK;
}

void stage_answer_status(struct call *call, enum store_status status)
{
    if (status == STORE_OK && call->kind == CALL_INBOX)
        inbox_gets(call->name, call->suffix, call->data);
    else if (status == STORE_OK)
        status = session_written(call);
    if (call->status)
        call->status(call->arg, status);
}

/* ---- what the story does with them ---- */

void opened_elsewhere(const char *name, bool told)
{
    struct kept_session *session = stage_session(name);
    session->generation = ++the_store()->generation;
    const char *client = strchr(strchr(name, '/') + 1, '/') + 1;
    struct session_name who = {{name, (size_t)(client - name) - 1}, text_of(client)};
    if (told)
        the_store()->events.taken_over(the_store()->events.arg, who, session->generation);
}

void opening_answers_turn_round(void)
{
    /* Both have been opened, the second one last; only the answers come the other way round. */
    struct call *call;
    uint64_t generations[2] = {the_store()->generation + 1, the_store()->generation + 2};
    char name[256];
    settle();
    TAILQ_FOREACH(call, &the_store()->waiting, in_waiting)
    {
        if (call->kind == CALL_OPEN)
            break;
    }
    assert_non_null(call);
    memcpy(name, call->name, sizeof(name));
    the_store()->generation = generations[0];
    answers(CALL_OPEN, 1, STORE_OK);
    the_store()->generation = generations[0] - 1;
    answers(CALL_OPEN, 0, STORE_OK);
    stage_session(name)->generation = generations[1];
    the_store()->generation = generations[1];
}

bool has_wishes(const char *session)
{
    settle();
    return stage_session(session)->wishes.len > 0;
}

void stage_sessions_free(struct store *store)
{
    for (size_t i = 0; i < store->session_count; i++) {
        stage_drop(&store->sessions[i].subscriptions);
        stage_drop(&store->sessions[i].cursors);
        stage_drop(&store->sessions[i].wishes);
        store->sessions[i] = (struct kept_session){0};
    }
    store->session_count = 0;
}

void sessions_forgotten(void)
{
    settle();
    stage_sessions_free(the_store());
}

static uint64_t number(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* What stands behind the channel's name in the session's stored cursors; NULL: it has none. */
static const uint8_t *kept_cursor(const char *name, const char *cell)
{
    const struct kept_session *session = stage_session(name);
    char channel[32];
    snprintf(channel, sizeof(channel), "c:%s", cell);
    settle();
    const uint8_t *at = session->cursors.data, *end = at + session->cursors.len;
    for (at += session->cursors.len > 0; at < end && at[0]; at += 1 + at[0] + CURSOR_STORED) {
        if (text_equal((struct text){(const char *)at + 1, at[0]}, text_of(channel)))
            return at + 1 + at[0];
    }
    return NULL;
}

const char *stored_cursor(const char *name, const char *cell)
{
    static char words[64];
    const uint8_t *tail = kept_cursor(name, cell);
    if (!tail)
        return "none";
    snprintf(words, sizeof(words), "%llu-%llu.%llu", (unsigned long long)number(tail, 8),
        (unsigned long long)number(tail + 8, 4), (unsigned long long)number(tail + 12, 4));
    return words;
}

void shown_elsewhere(const char *name, const char *cell)
{
    const uint8_t *tail = kept_cursor(name, cell);
    struct kept_session *session = stage_session(name);
    struct position_in_channel head = head_of(cell);
    uint8_t *at = (uint8_t *)session->cursors.data + (tail - session->cursors.data);
    for (int i = 0; i < 16; i++)
        at[i] = (uint8_t)(i < 8 ? head.ms >> 8 * i : i < 12 ? head.seq >> 8 * (i - 8) : 0);
}
