/* Who speaks at the home's broker: all mappings listen, by the filters of their rows alone. Nothing that they
 * say is kept but the device's name and the kinds of motion it tells of. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/client/clock.h"
#include "bridge/client/link.h"
#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/setup/setup.h"
#include "bridge/owner/ask.h"

enum { FILTERS = 512, LEVELS_MOST = 3, CONNECT_MS = 8000, TRIES = 3 };

/* Cameras that say that they are there before anything moves. */
static const struct {
    const char *map, *topic;
} present[] = {
    {"frigate", "{p}/{dev}/detect/state"},
    {"ring-mqtt", "{p}/{_}/camera/{dev}/status"},
};
enum { PRESENT = sizeof present / sizeof present[0] };

struct listening {
    struct setup *setup;
    struct link *link;
    struct edge_translator translator;
    char *filters[FILTERS];
    size_t filter_count;
    bool full;
};

/* ---- what is heard ---------------------------------------------------------------------------------------
 */

static void show(size_t number, const struct setup_device *device)
{
    printf("  %2zu  %-28s %s\n", number, device->source, device->map->name);
    fflush(stdout);
}

static struct setup_device *find(struct listening *listening, const char *map, const char *source)
{
    struct setup *setup = listening->setup;
    for (size_t i = 0; i < setup->device_count; i++)
        if (strcmp(setup->devices[i].source, source) == 0 && strcmp(setup->devices[i].map->name, map) == 0)
            return &setup->devices[i];
    if (setup->device_count == SETUP_DEVICES) {
        if (!listening->full)
            fprintf(stderr,
                "neighbors-edge: more than %d devices speak here; the others can be put into the file\n",
                SETUP_DEVICES);
        listening->full = true;
        return NULL;
    }
    struct setup_device *device = &setup->devices[setup->device_count++];
    *device = (struct setup_device){.map = edge_map_of(text_of(map))};
    snprintf(device->source, sizeof device->source, "%s", source);
    show(setup->device_count, device);
    return device;
}

static bool on_listed(void *arg, const char *map, const char *device)
{
    return find(arg, map, device) != NULL;
}

static bool on_kind(void *arg, const char *map, const char *source, enum motion_kind kind)
{
    struct setup_device *device = find(arg, map, source);
    if (device)
        device->seen |= 1U << kind;
    return false;
}

static void on_event(void *arg, const struct edge_event *event)
{
    (void)arg;
    (void)event;
}

static const char *prefix_of(const struct setup *setup, const struct edge_map *map)
{
    for (size_t i = 0; i < setup->choice_count; i++)
        if (setup->choices[i].map == map)
            return setup->choices[i].prefix;
    return map->prefix;
}

/* What an edge of ours tells this home: none of its devices. */
static bool is_way_back(struct text topic)
{
    static const char plain[] = "neighbors/", discovered[] = "/neighbors_";
    return (topic.len >= sizeof plain - 1 && memcmp(topic.data, plain, sizeof plain - 1) == 0) ||
           memmem(topic.data, topic.len, discovered, sizeof discovered - 1) != NULL;
}

static void on_message(void *arg, const struct link_message *message, unsigned number)
{
    (void)number;
    struct listening *listening = arg;
    struct edge_captures captures;
    if (is_way_back(message->topic))
        return;
    for (size_t i = 0; i < PRESENT; i++)
        if (edge_topic_match(present[i].topic,
                prefix_of(listening->setup, edge_map_of(text_of(present[i].map))), message->topic, &captures))
            (void)find(listening, present[i].map, captures.device);
    (void)edge_translator_take(&listening->translator, message);
}

/* ---- filters ---------------------------------------------------------------------------------------------
 */

static void add_filter(struct listening *listening, const char *filter)
{
    for (size_t i = 0; i < listening->filter_count; i++)
        if (strcmp(listening->filters[i], filter) == 0)
            return;
    if (listening->filter_count < FILTERS)
        listening->filters[listening->filter_count++] = strdup(filter);
}

/* A pattern as a filter: each level with a capture is "+", one that stands for several is `levels` of them.
 * "": it would be nothing but wildcards. */
static void filter_of(const char *pattern, const char *prefix, int levels, char out[EDGE_NAME * 4])
{
    size_t at = 0, room = EDGE_NAME * 4;
    bool plain = false;
    while (*pattern && at < room) {
        size_t len = strcspn(pattern, "/");
        const char *between = pattern[len] ? "/" : "";
        bool several = memmem(pattern, len, "+}", 2) != NULL, capture = memchr(pattern, '{', len) != NULL;
        if (len == 3 && memcmp(pattern, "{p}", 3) == 0) {
            at += (size_t)snprintf(out + at, room - at, "%s%s", prefix, between);
            plain = plain || prefix[0];
        } else if (capture) {
            for (int i = 0; i < (several ? levels : 1) && at < room; i++)
                at += (size_t)snprintf(out + at, room - at, "%s+", i ? "/" : "");
            at += at < room ? (size_t)snprintf(out + at, room - at, "%s", between) : 0;
        } else {
            at += (size_t)snprintf(out + at, room - at, "%.*s%s", (int)len, pattern, between);
            plain = true;
        }
        pattern += len + (pattern[len] == '/');
    }
    if (!plain || at >= room)
        out[0] = 0;
}

static void add_filters(struct listening *listening, const char *pattern, const char *prefix)
{
    char filter[EDGE_NAME * 4];
    int most = strstr(pattern, "+}") ? LEVELS_MOST : 1;
    for (int levels = 1; levels <= most; levels++) {
        filter_of(pattern, prefix, levels, filter);
        if (filter[0])
            add_filter(listening, filter);
    }
}

static void gather_filters(struct listening *listening)
{
    const struct edge_translator *translator = &listening->translator;
    for (size_t i = 0; i < translator->use_count; i++)
        add_filters(listening, translator->uses[i].row->topic, translator->uses[i].prefix);
    for (size_t i = 0; i < PRESENT; i++)
        add_filters(
            listening, present[i].topic, prefix_of(listening->setup, edge_map_of(text_of(present[i].map))));
    for (size_t i = 0; i < translator->discovery_count; i++)
        add_filters(listening, "{p}/{_}/{_+}/config", translator->discovery[i]);
}

/* What discovery taught is listened to at once. */
static void on_topic(void *arg, const char *topic)
{
    struct listening *listening = arg;
    add_filter(listening, topic);
    if (!link_subscribe(listening->link, topic))
        fprintf(stderr, "neighbors-edge: cannot subscribe to %s\n", topic);
}

static void on_up(void *arg, bool resumed)
{
    (void)resumed;
    struct listening *listening = arg;
    for (size_t i = 0; i < listening->filter_count; i++)
        if (!link_subscribe(listening->link, listening->filters[i]))
            fprintf(stderr, "neighbors-edge: cannot subscribe to %s\n", listening->filters[i]);
}

/* ---- the connection --------------------------------------------------------------------------------------
 */

/* Until the time is over, the link is up (wanted), or Enter is pressed (with a terminal, not wanted). */
static bool turn_until(struct listening *listening, int64_t until, bool wanted)
{
    const int typed = !wanted && ask_somebody() ? STDIN_FILENO : -1;
    int64_t now;
    while ((now = clock_steady()) < until && !(wanted && link_is_up(listening->link))) {
        if (link_wait(listening->link, until - now, typed)) {
            char line[16];
            ask_line("", "", line, sizeof line);
            return true;
        }
    }
    return link_is_up(listening->link);
}

static bool connect_home(struct listening *listening)
{
    const struct endpoint *local = &listening->setup->local;
    const struct link_settings settings = {.name = "home",
        .host = local->host,
        .port = local->port,
        .ca = local->ca,
        .username = local->username,
        .password = local->password,
        .client_id = "neighbors-edge-setup"};
    const struct link_hooks hooks = {.arg = listening, .up = on_up, .message = on_message};
    listening->link = link_new(&settings, &hooks);
    return turn_until(listening, clock_steady() + CONNECT_MS, true);
}

static void ask_where(struct endpoint *local)
{
    char line[SETUP_TEXT], word[SETUP_TEXT];
    snprintf(word, sizeof word, "%s:%d", local->host, local->port);
    do
        ask_line("The home's MQTT broker (HOST or HOST:PORT)?", word, line, sizeof line);
    while (!edge_settings_endpoint(local, line));
    ask_line("User name there (Enter for none)?", local->username ? local->username : "", line, sizeof line);
    if (!line[0])
        return;
    setting_set(&local->username, line);
    ask_secret("Its password?", line, sizeof line);
    setting_set(&local->password, line);
    explicit_bzero(line, sizeof line);
}

static bool reach_home(struct listening *listening)
{
    struct endpoint *local = &listening->setup->local;
    for (int i = 0; i < TRIES; i++) {
        printf("Looking for the home's MQTT broker at %s:%d …\n", local->host, local->port);
        if (connect_home(listening))
            return true;
        printf("It does not let us in: %s\n", link_trouble(listening->link));
        link_free(listening->link, true);
        listening->link = NULL;
        if (!ask_somebody())
            break;
        ask_where(local);
    }
    fprintf(stderr, "neighbors-edge: no MQTT broker lets us in at %s:%d\n", local->host, local->port);
    return false;
}

static void begin(struct listening *listening)
{
    const struct edge_memory_hooks hooks = {
        .arg = listening, .event = on_event, .listed = on_listed, .shares = on_kind};
    const struct edge_learned_hooks learning = {.arg = listening, .listed = on_listed, .topic = on_topic};
    listening->translator.memory = edge_memory_new(&hooks, true);
    listening->translator.learned = edge_learned_new(&learning);
    for (size_t i = 0; i < edge_map_count; i++)
        if (!edge_translator_add(
                &listening->translator, &edge_maps[i], prefix_of(listening->setup, &edge_maps[i])))
            abort(); /* EDGE_MOST_MAPS is too small for our own */
    gather_filters(listening);
}

bool setup_listen(struct setup *setup, int seconds)
{
    struct listening listening = {.setup = setup};
    begin(&listening);
    bool reached = reach_home(&listening);
    if (reached) {
        printf("It lets us in. Cameras and sensors are listed as they speak, for %d s%s.\n", seconds,
            ask_somebody() ? "; walk past them, and press Enter when all are here" : "");
        fflush(stdout);
        (void)turn_until(&listening, clock_steady() + seconds * INT64_C(1000), false);
    }
    if (listening.link)
        link_free(listening.link, true);
    edge_learned_free(listening.translator.learned);
    edge_memory_free(listening.translator.memory);
    for (size_t i = 0; i < listening.filter_count; i++)
        free(listening.filters[i]);
    return reached;
}
