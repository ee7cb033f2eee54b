/* Any bytes as a story of circles that come and go and of shapes that ask: the set finds what a scan finds.
 * The three fuzzers tell different stories: circles that only come, that come and go, and that stay while
 * many shapes ask. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_circles_add(struct fuzz_input *in);
void fuzz_geo_circles_remove(struct fuzz_input *in);
void fuzz_geo_circles_find(struct fuzz_input *in);

enum { MOST = 64, STEPS = 300 };

struct member {
    struct geo_circle circle;
    bool in, found;
};

struct story {
    struct geo_circles set;
    struct member members[MOST];
    int visits, end_after; /* 0: never */
};

static bool note(void *context, struct geo_circle *circle)
{
    struct story *story = context;
    struct member *member = (struct member *)circle;
    require(member >= story->members && member < story->members + MOST && member->in && !member->found);
    member->found = true;
    return ++story->visits != story->end_after;
}

static int found_by(struct story *story, const struct geo_prepared *prepared, int end_after)
{
    for (int i = 0; i < MOST; i++)
        story->members[i].found = false;
    story->visits = 0;
    story->end_after = end_after;
    bool whole = geo_circles_find(&story->set, prepared, note, story);
    require(whole == (end_after == 0 || story->visits < end_after));
    return story->visits;
}

static void ask_about(struct story *story, const struct geo_shape *shape)
{
    size_t room = geo_prepared_size(shape);
    void *memory = malloc(room);
    require(memory != NULL);
    const struct geo_prepared *prepared = geo_prepare(shape, memory, room);
    int count = found_by(story, prepared, 0);
    for (int i = 0; i < MOST; i++) {
        const struct member *member = &story->members[i];
        require(member->found == (member->in && geo_prepared_touches_circle(
                                                    prepared, member->circle.center, member->circle.radius)));
    }
    require(found_by(story, prepared, count / 2 + 1) <= count / 2 + 1);
    free(memory);
}

static void ask(struct story *story, struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    if (fuzz_shape(in, &fuzz))
        ask_about(story, &fuzz.shape);
}

static void come(struct story *story, struct member *member, struct fuzz_input *in, int style)
{
    size_t before = story->set.count;
    member->circle.center = fuzz_point(in, style);
    member->circle.radius = style == 0 ? fuzz_degrees(in, 0, 1) : exp((double)fuzz_number(in, 1) / 13 - 2);
    enum geo_error error = geo_circles_add(&story->set, &member->circle);
    bool good = fuzz_on_globe(member->circle.center) && member->circle.radius >= 0 &&
                member->circle.radius <= fuzz_half_round;
    require(good == (error == GEO_OK) && story->set.count == before + good);
    member->in = good;
}

static void go(struct story *story, struct member *member)
{
    size_t before = story->set.count;
    geo_circles_remove(&story->set, &member->circle);
    member->in = false;
    require(story->set.count == before - 1);
}

static void all_go(struct story *story)
{
    for (int i = 0; i < MOST; i++)
        if (story->members[i].in)
            go(story, &story->members[i]);
    require(story->set.count == 0);
    for (int i = 0; i < GEO_RADIUS_CLASSES; i++)
        require(story->set.classes[i].leaf == NULL && story->set.classes[i].fork == NULL);
}

void fuzz_geo_circles_add(struct fuzz_input *in)
{
    static struct story story;
    static const struct geo_shape globe = {.kind = GEO_CIRCLE, .radius = 20015000};
    story = (struct story){0};
    for (int i = 0; in->size > 0 && i < MOST; i++)
        come(&story, &story.members[i], in, (int)(fuzz_number(in, 1) % 4));
    ask_about(&story, &globe);
    ask(&story, in);
    all_go(&story);
}

void fuzz_geo_circles_remove(struct fuzz_input *in)
{
    static struct story story;
    story = (struct story){0};
    for (int step = 0; in->size > 0 && step < STEPS; step++) {
        int choice = (int)fuzz_number(in, 1);
        struct member *member = &story.members[choice % MOST];
        if (choice >= 240)
            ask(&story, in);
        else if (member->in)
            go(&story, member);
        else
            come(&story, member, in, choice / MOST);
    }
    all_go(&story);
}

void fuzz_geo_circles_find(struct fuzz_input *in)
{
    static struct story story;
    story = (struct story){0};
    int count = (int)(fuzz_number(in, 1) % MOST), style = (int)(fuzz_number(in, 1) % 4);
    for (int i = 0; i < count; i++)
        come(&story, &story.members[i], in, style);
    for (int i = 0; in->size > 0 && i < 8; i++)
        ask(&story, in);
    all_go(&story);
}
