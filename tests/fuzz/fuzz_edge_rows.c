/* Any text as an owner's rows: what is accepted can be used on any message. */
#include <fcntl.h>
#include <libconfig.h>
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/edge/mapping/own_rows.h"
#include "bridge/edge/mapping/translator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_event(void *arg, const struct edge_event *event)
{
    (void)arg;
    if (event->kind < KIND_MOTION || event->kind > KIND_SOUND)
        abort();
}

/* Complaints are not what is tried here. */
static bool read_quietly(struct edge_own *own, const config_setting_t *list)
{
    int standard = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    bool good = edge_own_read(own, list);
    dup2(standard, STDERR_FILENO);
    close(standard);
    close(nowhere);
    return good;
}

static void use(const struct edge_own *own)
{
    static const char *const messages[][2] = {{"m/a", "on"},
        {"m/a/b", "{\"s\":\"on\",\"id\":1,\"l\":[{\"x\":1}]}"}, {"a/b/c/d", "[[1],{\"a\":{\"b\":null}}]"},
        {"/", ""}};
    const struct edge_memory_hooks hooks = {.event = take_event};
    struct edge_translator translator = {.own = own, .memory = edge_memory_new(&hooks, true)};
    for (size_t i = 0; i < own->map_count; i++)
        if (!edge_translator_add(&translator, &own->maps[i], "m"))
            abort();
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct link_message message = {.topic = text_of(messages[i][0]),
            .payload = {(const uint8_t *)messages[i][1], strlen(messages[i][1])},
            .at = INT64_C(1767225600000)};
        (void)edge_translator_take(&translator, &message);
    }
    edge_memory_free(translator.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096 || memchr(data, '@', size)) /* which includes files */
        return 0;
    char *text = strndup((const char *)data, size);
    config_t config;
    config_init(&config);
    __lsan_disable(); /* libconfig keeps a text that ends in the middle of a string */
    bool parsed = text && config_read_string(&config, text) == CONFIG_TRUE;
    __lsan_enable();
    if (parsed) {
        struct edge_own own;
        if (read_quietly(&own, config_lookup(&config, "rows")))
            use(&own);
        edge_own_free(&own);
    }
    config_destroy(&config);
    free(text);
    return 0;
}
