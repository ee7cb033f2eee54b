/* What the edge's unit tests share: a translator over all maps whose events become lines of text. */
#ifndef NEIGHBORS_TEST_EDGE_H
#define NEIGHBORS_TEST_EDGE_H

/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/mapping/translator.h"

enum { BENCH_ROOM = 8192 };

struct bench {
    struct edge_translator translator;
    char told[BENCH_ROOM]; /* "LINE PHASE KIND DEVICE; …" */
    long line;
    struct edge_event last;
    unsigned kinds;     /* shared ones; 0: all, and no question asked */
    const char *listed; /* the one listed device; NULL: all */
};

static inline void bench_event(void *arg, const struct edge_event *event)
{
    struct bench *bench = arg;
    char device[LIMIT_ID + 1];
    size_t used = strlen(bench->told);
    edge_legal_id(event->device, device);
    snprintf(bench->told + used, BENCH_ROOM - used, "%s%ld %s %s %s", used ? "; " : "", bench->line,
        phase_name((int)event->phase), motion_kind_name((int)event->kind), device);
    bench->last = *event;
}

static inline bool bench_shares(void *arg, const char *map, const char *device, enum motion_kind kind)
{
    const struct bench *bench = arg;
    (void)map, (void)device;
    return bench->kinds == 0 || (bench->kinds >> kind & 1);
}

static inline bool bench_listed(void *arg, const char *map, const char *device)
{
    const struct bench *bench = arg;
    (void)map;
    return bench->listed == NULL || strcmp(bench->listed, device) == 0;
}

static inline void bench_open(struct bench *bench, bool assume_quiet)
{
    const struct edge_memory_hooks hooks = {
        .arg = bench, .event = bench_event, .shares = bench_shares, .listed = bench_listed};
    *bench = (struct bench){.translator.guess = true};
    bench->translator.memory = edge_memory_new(&hooks, assume_quiet);
    bench->translator.learned = edge_learned_new(NULL);
    for (size_t i = 0; i < edge_map_count; i++)
        assert_true(edge_translator_add(&bench->translator, &edge_maps[i], NULL));
}

static inline void bench_close(struct bench *bench)
{
    edge_memory_free(bench->translator.memory);
    edge_learned_free(bench->translator.learned);
}

static inline bool bench_bytes(
    struct bench *bench, struct text topic, struct bytes payload, bool retain, int64_t at)
{
    const struct link_message message = {.topic = topic, .payload = payload, .retain = retain, .at = at};
    bench->line++;
    return edge_translator_take(&bench->translator, &message);
}

/* What was told since the last call must be this. */
static inline void bench_expect(struct bench *bench, const char *told)
{
    assert_string_equal(bench->told, told);
    bench->told[0] = 0;
    bench->line = 0;
}

#endif
