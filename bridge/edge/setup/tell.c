/* What setup says to the neighborhood's broker over MQTT: as the edge only that it is there; as the resident
 * what neighbors may see. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/clock.h"
#include "bridge/client/link.h"
#include "bridge/edge/setup/setup.h"

enum { PATIENCE_MS = 20000 };

struct telling {
    struct link *link;
    int message; /* that is waited for; 0: none */
    bool answered;
    unsigned reason;
    char text[SETUP_TEXT];
};

static void on_acknowledged(void *arg, const struct link_acknowledgement *acknowledgement)
{
    struct telling *telling = arg;
    if (acknowledgement->message != telling->message)
        return;
    telling->answered = true;
    telling->reason = acknowledgement->reason;
    snprintf(telling->text, sizeof telling->text, "%s", acknowledgement->text);
}

static bool done(const struct telling *telling)
{
    return telling->message ? telling->answered : link_is_up(telling->link);
}

static bool turn_until_done(struct telling *telling)
{
    int64_t until = clock_steady() + PATIENCE_MS, now;
    while (!done(telling) && (now = clock_steady()) < until)
        (void)link_wait(telling->link, until - now, -1);
    return done(telling);
}

/* Connects as somebody, and calls `then` when that worked. */
static bool connected(const struct setup *setup, const char *name, const char *token,
    bool (*then)(struct telling *telling, const void *arg), const void *arg)
{
    char host[SETUP_TEXT], authority[2 * SETUP_TEXT];
    bool own = setup->joined.authority[0];
    setup_path(setup, "broker-ca.pem", authority);
    if (!setup_broker_host(setup, host))
        return false;
    const struct link_settings settings = {.name = name,
        .host = host,
        .port = setup->joined.port,
        .ca = !setup->joined.tls ? NULL
              : own              ? authority
                                 : SETUP_AUTHORITIES,
        .username = name,
        .password = token,
        .client_id = "neighbors-edge-setup",
        .mqtt5 = true};
    struct telling telling = {0};
    const struct link_hooks hooks = {.arg = &telling, .acknowledged = on_acknowledged};
    telling.link = link_new(&settings, &hooks);
    bool good = turn_until_done(&telling) && then(&telling, arg);
    if (!link_is_up(telling.link))
        fprintf(stderr, "neighbors-edge: %s: %s\n", name, link_trouble(telling.link));
    link_free(telling.link, true);
    return good;
}

static bool nothing(struct telling *telling, const void *arg)
{
    (void)telling;
    (void)arg;
    return true;
}

bool setup_try(const struct setup *setup)
{
    return connected(setup, setup->joined.edge, setup->joined.edge_token, nothing, NULL);
}

/* ---- what neighbors may see
 * --------------------------------------------------------------------------------- */

static json_t *kinds_of(unsigned kinds)
{
    json_t *list = json_array();
    for (int kind = KIND_MOTION; kind <= KIND_SOUND; kind++)
        if (kinds >> kind & 1)
            json_array_append_new(list, json_string(motion_kind_name(kind)));
    return list;
}

/* A rule for each device; without any nothing is seen. */
static json_t *rules_of(const struct setup *setup, bool neighbors_see)
{
    json_t *rules = json_array();
    for (size_t i = 0; neighbors_see && i < setup->device_count; i++)
        if (setup->devices[i].id[0])
            json_array_append_new(rules, json_pack("{s:s, s:o}", "device", setup->devices[i].id, "kinds",
                                             kinds_of(setup->devices[i].kinds)));
    return json_pack("{s:{s:o}}", "sharing", "rules", rules);
}

static bool publish(struct telling *telling, const void *arg)
{
    const char *text = arg;
    telling->message = link_publish(telling->link, "nb/v1/settings", "application/json",
        (struct bytes){(const uint8_t *)text, strlen(text)});
    bool answered = telling->message >= 0 && turn_until_done(telling);
    if (answered && telling->reason >= 0x80)
        fprintf(stderr, "neighbors-edge: the broker refused what is shared: %s\n", telling->text);
    return answered && telling->reason < 0x80;
}

bool setup_share(const struct setup *setup, bool neighbors_see)
{
    json_t *settings = rules_of(setup, neighbors_see);
    char *text = json_dumps(settings, JSON_COMPACT);
    bool told = text && connected(setup, setup->joined.user, setup->joined.user_token, publish, text);
    free(text);
    json_decref(settings);
    return told;
}
