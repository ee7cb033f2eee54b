/* What clients on the stage hear: what the broker writes to them, packet by packet, as lines. */
#include <fnmatch.h>
#include <stdlib.h>

#include "tests/stories/stage_client.h"

enum { LINE = 512 };

static void hear(struct client *client, const uint8_t *data, size_t len)
{
    size_t at = 0;
    int64_t now = stage_now();
    client->view = realloc(client->view, client->view_len + sizeof(now) + len);
    memcpy(client->view + client->view_len, &now, sizeof(now));
    memcpy(client->view + client->view_len + sizeof(now), data, len);
    client->view_len += sizeof(now) + len;
    client->bytes = realloc(client->bytes, client->len + len);
    memcpy(client->bytes + client->len, data, len);
    client->len += len;
    while (at < client->len) {
        struct mqtt_packet packet;
        struct refusal refusal;
        size_t used;
        char line[LINE], cursor[64] = "";
        enum mqtt_decode_result result = mqtt_decode(
            client->version, 1 << 24, client->bytes + at, client->len - at, &packet, &used, &refusal);
        if (result == MQTT_NEED_MORE)
            break;
        if (result == MQTT_BAD)
            fail_msg("the broker wrote a bad packet: %s: %s", refusal.field, refusal.rule);
        packet_words(&packet, line, sizeof(line), cursor);
        assert_true(client->heard < STAGE_LINES);
        client->lines[client->heard++] = strdup(line);
        char *colon = strchr(cursor, ':');
        for (size_t i = 0; colon && i < 8; i++) {
            size_t channel = (size_t)(colon - cursor);
            if (client->cursors[i][0][0] && (strlen(client->cursors[i][0]) != channel ||
                                                strncmp(client->cursors[i][0], cursor, channel) != 0))
                continue;
            snprintf(client->cursors[i][0], 32, "%.*s", (int)channel, cursor);
            snprintf(client->cursors[i][1], 32, "%s", colon + 1);
            break;
        }
        at += used;
    }
    client->len -= at;
    memmove(client->bytes, client->bytes + at, client->len);
}

bool client_take_output(struct client *client)
{
    struct iovec pieces[16];
    bool any = false;
    int count;
    while (client->connection && !client->stalled &&
           (count = connection_output(client->connection, pieces, 16)) > 0) {
        size_t len = 0;
        for (int i = 0; i < count; i++) {
            hear(client, pieces[i].iov_base, pieces[i].iov_len);
            len += pieces[i].iov_len;
        }
        connection_sent(client->connection, len);
        any = true;
    }
    return any;
}

void client_free(struct client *client)
{
    if (client->connection)
        connection_free(client->connection);
    for (size_t i = 0; i < client->heard; i++)
        free(client->lines[i]);
    free(client->bytes);
    free(client->view);
    free(client);
}

/* ---- the transport ---- */

static void wants_write(struct transport *transport)
{
    (void)transport;
}

static void pause_reading(struct transport *transport, bool paused)
{
    ((struct client *)transport)->paused = paused;
}

static void close_transport(struct transport *transport, const char *reason)
{
    struct client *client = (struct client *)transport;
    assert_false(client->closed);
    client->closed = true;
    snprintf(client->why, sizeof(client->why), "%s", reason);
}

const struct transport_ops stage_transport = {wants_write, pause_reading, close_transport};

/* ---- what a story expects ---- */

const char *next_heard(struct client *client)
{
    settle();
    return client->told < client->heard ? client->lines[client->told++] : NULL;
}

void hears(struct client *client, const char *pattern)
{
    const char *line = next_heard(client);
    if (!line)
        fail_msg("heard nothing%s%s\nexpected: %s", client->closed ? "; closed: " : "", client->why, pattern);
    if (fnmatch(pattern, line, FNM_NOESCAPE) != 0)
        fail_msg("heard:    %s\nexpected: %s", line, pattern);
}

void hears_nothing(struct client *client)
{
    const char *line = next_heard(client);
    if (line)
        fail_msg("heard: %s\nexpected nothing", line);
}

void forgets(struct client *client)
{
    settle();
    while (client->heard > 0)
        free(client->lines[--client->heard]);
    client->told = 0;
}

void is_closed(struct client *client, const char *why_pattern)
{
    settle();
    assert_true(client->closed);
    if (fnmatch(why_pattern, client->why, 0) != 0)
        fail_msg("closed:   %s\nexpected: %s", client->why, why_pattern);
}

bool client_closed(const struct client *client)
{
    return client->closed;
}

bool client_paused(const struct client *client)
{
    return client->paused;
}

size_t client_waiting_bytes(const struct client *client)
{
    return connection_pending(client->connection);
}

struct bytes client_view(const struct client *client)
{
    return (struct bytes){client->view, client->view_len};
}

const char *cursor_of(struct client *client, const char *channel)
{
    static char words[80];
    for (size_t i = 0; i < 8; i++) {
        if (strcmp(client->cursors[i][0], channel) != 0)
            continue;
        snprintf(words, sizeof(words), "%s:%s", channel, client->cursors[i][1]);
        return words;
    }
    fail_msg("no cursor of %s was heard", channel);
    return NULL;
}
