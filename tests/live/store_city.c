#include "tests/live/store_city.h"

#include <stdlib.h>

#include "bridge/store_inside.h"

uint16_t slot_of(int number)
{
    char key[64];
    int len = snprintf(key, sizeof(key), "nb:{p:user/n%d}:in:c", number);
    return key_slot(key, (size_t)len);
}

int person_at(struct city *c, size_t node)
{
    int number = 0;
    while (number < FAR && redis_cluster_seen_owner(&c->cluster, node, slot_of(number)) != node)
        number++;
    assert_true(number < FAR);
    return number;
}

long long messages(struct city *c, size_t asked, int number)
{
    size_t owner = redis_cluster_seen_owner(&c->cluster, asked, slot_of(number));
    assert_true(owner < SERVERS);
    return redis_cluster_number(&c->cluster, owner, "XLEN nb:{p:user/n%d}:in:c", number);
}

int city_start(void **state)
{
    struct city *city = calloc(1, sizeof(*city));
    *state = city;
    return city && redis_cluster_start(&city->cluster, MASTERS, SERVERS - MASTERS) ? 0 : -1;
}

int city_stop(void **state)
{
    struct city *city = *state;
    redis_cluster_stop(&city->cluster);
    free(city);
    return 0;
}

int city_open(void **state)
{
    struct city *city = *state;
    for (unsigned slot = 0; slot < 16384; slot += 8000) {
        size_t owner = redis_cluster_seen_owner(&city->cluster, 0, (uint16_t)slot);
        if (owner == SERVERS || redis_cluster_number(&city->cluster, owner, "FLUSHALL") < 0)
            return -1;
    }
    fixture_open_at(&city->fixture, city->cluster.url);
    return 0;
}
