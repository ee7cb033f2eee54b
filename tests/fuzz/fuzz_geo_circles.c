/* Any bytes as a story of circles that come and go and of shapes that ask: the set finds what a scan finds.
 */
#include "tests/fuzz/fuzz_geo.h"

enum { MOST = 64 };

struct member {
    struct geo_circle circle;
    bool in, found;
};

static bool note(void *context, struct geo_circle *circle)
{
    struct member *member = (struct member *)circle;
    (void)context;
    require(member->in && !member->found);
    member->found = true;
    return true;
}

static void ask(const struct geo_circles *set, struct member *members, struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    if (!fuzz_shape(in, &fuzz))
        return;
    size_t room = geo_prepared_size(&fuzz.shape);
    void *memory = malloc(room);
    require(memory != NULL);
    const struct geo_prepared *prepared = geo_prepare(&fuzz.shape, memory, room);
    require(geo_circles_find(set, prepared, note, NULL));
    for (int i = 0; i < MOST; i++) {
        const struct geo_circle *circle = &members[i].circle;
        require(members[i].found ==
                (members[i].in && geo_prepared_touches_circle(prepared, circle->center, circle->radius)));
        members[i].found = false;
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct geo_circles set = {0};
    static struct member members[MOST];
    memset(members, 0, sizeof members);
    for (int step = 0; in.size > 0 && step < 300; step++) {
        size_t choice = fuzz_number(&in, 1);
        struct member *member = &members[choice % MOST];
        if (choice >= 240) {
            ask(&set, members, &in);
        } else if (member->in) {
            geo_circles_remove(&set, &member->circle);
            member->in = false;
        } else {
            member->circle.center = fuzz_point(&in, (int)(choice / MOST));
            member->circle.radius = exp((double)fuzz_number(&in, 1) / 255 * 19 - 2);
            member->in = geo_circles_add(&set, &member->circle) == GEO_OK;
        }
    }
    for (int i = 0; i < MOST; i++)
        if (members[i].in)
            geo_circles_remove(&set, &members[i].circle);
    require(set.count == 0);
    return 0;
}
