/* Motion on its way to Redis: sections and groups packed as scripts/motion.lua reads them. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_section.h"

enum { BUCKETS = 256, FIELD_MOST = 60, DIGEST = 16, EPOCH_LEAST = 600000 };

/* Sender and instance, by name where the name is short, so that hashes stay packed in memory. */
static void put_field(struct buffer *out, const struct buffer *names)
{
    if (names->len <= FIELD_MOST) {
        buffer_sized(out, names->data, names->len);
        return;
    }
    uint8_t digest[1 + EVP_MAX_MD_SIZE] = {0xff};
    EVP_Digest(names->data, names->len, digest + 1, NULL, EVP_sha256(), NULL);
    buffer_sized(out, digest, 1 + DIGEST);
}

static int numbering(const struct section *section)
{
    bool any = false, run = true;
    if (section->once)
        return 3;
    for (unsigned i = 0; i < section->count; i++) {
        any = any || section->numbers[i];
        run = run && section->numbers[i] && section->numbers[i] == section->numbers[0] + i;
    }
    return !any ? 0 : run ? 1 : 2;
}

static void put_numbers(struct buffer *out, const struct section *section, int how)
{
    char key[32];
    uint32_t hash = hash_of(section->names.data, section->names.len);
    buffer_number(out, section->session, 8);
    buffer_number(out, section->numbers[0], 8);
    if (!how) {
        buffer_number(out, 0, 2 + 2);
        return;
    }
    int len = snprintf(key, sizeof(key), "nb:{r%02x}:%s:%02x", section->region, how == 3 ? "once" : "seq",
        (hash ^ hash >> 16) % BUCKETS);
    buffer_sized(out, key, (size_t)len);
    put_field(out, &section->names);
    if (how >= 2) {
        buffer_number(out, section->count * 8, 2);
        for (unsigned i = 0; i < section->count; i++)
            buffer_number(out, section->numbers[i], 8);
    }
}

struct session_name section_session(const struct section *section)
{
    const char *names = (const char *)section->names.data;
    return (struct session_name){{names, section->sender_len},
        {names + section->sender_len + 1, section->names.len - section->sender_len - 1}};
}

static void put_packet(struct buffer *out, const struct section *section)
{
    struct buffer key = {0};
    packet_region_key(&key, section->region, section_session(section));
    buffer_number(out, key.len, 4); /* a client id may be as long as MQTT has it */
    buffer_put(out, key.data, key.len);
    buffer_number(out, section->generation, 8);
    buffer_number(out, section->born, 8);
    buffer_number(out, section->qos2_packet, 2);
    buffer_free(&key);
}

static void put_short(struct buffer *out, struct text text)
{
    buffer_number(out, text.len, 1);
    buffer_put(out, text.data, text.len);
}

/* The first part of what waits in the pending list: scripts/release.lua reads it. */
static void put_pending(
    const struct store *store, struct buffer *out, const struct group *group, struct text leaf)
{
    if (store->options.release_delay_ms <= 0) {
        buffer_number(out, 0, 2);
        return;
    }
    struct text channel = text_of(group->channel);
    buffer_number(out, 8 + 2 + 3 + group->household.len + leaf.len + channel.len, 2);
    buffer_number(out, group->version, 8);
    buffer_number(out, group->kinds, 2);
    put_short(out, (struct text){(const char *)group->household.data, group->household.len});
    put_short(out, leaf);
    put_short(out, channel);
}

static void pack_group(struct store *store, struct buffer *out, const struct group *group)
{
    char key[KEY], leaf[PLACE_DIGEST + 1];
    struct text household = {(const char *)group->household.data, group->household.len};
    int publishing = group->published == 0 ? 0 : group->published == group->count ? 1 : 2;
    put_short(out, (struct text){(const char *)group->indexes, group->count});
    buffer_sized(out, key, (size_t)region_key(key, group->channel, "log:", household));
    buffer_sized(out, group->log.data, group->log.len);
    buffer_number(out, (uint64_t)publishing, 1);
    if (!publishing)
        return;
    if (publishing == 2)
        put_short(out, (struct text){group->publish, group->count});
    buffer_number(out, group->version, 8);
    buffer_number(out, group->kinds, 2);
    put_short(out, text_of(group->channel));
    place_digest(store->options.places, "sharers", text_of(group->leaf), leaf);
    put_short(out, text_of(leaf));
    put_pending(store, out, group, text_of(leaf));
    buffer_sized(out, group->records.data, group->records.len);
}

void motion_pack_section(struct store *store, struct buffer *out, const struct section *section)
{
    int how = numbering(section);
    buffer_number(out, section->count, 1);
    buffer_number(out, section->group_count, 1);
    buffer_number(out, (uint64_t)how, 1);
    buffer_number(out, section->qos2_packet != 0, 1);
    put_numbers(out, section, how);
    if (section->qos2_packet)
        put_packet(out, section);
    for (const struct group *group = section->groups; group; group = group->next)
        pack_group(store, out, group);
}

void motion_pack_head(const struct store *store, struct buffer *out)
{
    const struct store_redis_options *options = &store->options;
    int64_t now = options->now(), delay = options->release_delay_ms;
    int64_t cutoff = now - options->release_verified_ms;
    buffer_number(out, delay <= 0, 1);
    buffer_number(out, delay > 0 ? (uint64_t)(now / delay) : 0, 8);
    buffer_number(out, (uint64_t)options->release_households, 4);
    buffer_number(out, (uint64_t)(options->release_households + options->release_hysteresis), 4);
    buffer_number(out, cutoff > 0 ? (uint64_t)cutoff : 0, 8);
    buffer_number(out, (uint64_t)(options->cooldown_ms / 1000), 4);
    buffer_number(out, (uint64_t)(now / cooldown_epoch(options)), 8);
    buffer_number(out, (uint64_t)(2 * cooldown_epoch(options) / 1000), 4);
}

int64_t cooldown_epoch(const struct store_redis_options *options)
{
    return options->cooldown_ms > EPOCH_LEAST ? options->cooldown_ms : EPOCH_LEAST;
}
