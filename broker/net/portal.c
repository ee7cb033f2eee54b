/* Finds and keeps the portal's files. Nothing outside the directory, and nothing that begins with a dot, is
 * ever found. */
#include "broker/net/portal.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/seal.h"

/* What a file was when it was read; all zero: it was not there. */
struct identity {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec changed;
};

struct kept {
    struct portal_content content; /* first: whoever holds the content holds this */
    LIST_ENTRY(kept) in_list;
    char *file;
    struct identity plain, packed;
    size_t holders; /* the portal among them, while it keeps it */
};

LIST_HEAD(kept_list, kept);

struct portal {
    struct kept_list kept;
    size_t bytes;
};

enum { KEPT_MOST = 4 * PORTAL_FILE };

static const char *const types[][2] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".pbf", "application/x-protobuf"},
    {".txt", "text/plain; charset=utf-8"},
};

/* ---- which file ---- */

static const char *type_of(const char *file)
{
    const char *ending = strrchr(file, '.');
    for (size_t i = 0; ending && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(ending, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return NULL;
}

static bool inside(const char *directory, const char *file)
{
    char root[PATH_MAX];
    size_t len = realpath(directory, root) ? strlen(root) : 0;
    return len > 0 && strncmp(file, root, len) == 0 && (file[len] == '/' || len == 1);
}

static bool find_file(const char *directory, const char *path, char file[PATH_MAX])
{
    char asked[PATH_MAX];
    size_t len = strlen(path);
    const char *index = len > 0 && path[len - 1] == '/' ? "index.html" : "";
    if (path[0] != '/' || strstr(path, "/.")) {
        return false;
    }
    int made = snprintf(asked, sizeof(asked), "%s%s%s", directory, path, index);
    return made > 0 && made < (int)sizeof(asked) && realpath(asked, file) && inside(directory, file) &&
           type_of(file);
}

static struct identity identity_of(const char *file)
{
    struct stat about;
    if (stat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        return (struct identity){0};
    }
    return (struct identity){about.st_dev, about.st_ino, about.st_size, about.st_mtim};
}

static bool same(struct identity a, struct identity b)
{
    return a.device == b.device && a.number == b.number && a.size == b.size &&
           a.changed.tv_sec == b.changed.tv_sec && a.changed.tv_nsec == b.changed.tv_nsec;
}

/* ---- what is in it ---- */

static void tag_form(struct portal_form *form)
{
    uint8_t digest[16];
    seal_digest((struct bytes){(const uint8_t *)form->data, form->len}, digest);
    char *at = form->tag;
    *at++ = '"';
    for (size_t i = 0; i < sizeof(digest); i++) {
        at += sprintf(at, "%02x", digest[i]);
    }
    memcpy(at, "\"", 2);
}

/* Reads up to `size` bytes; fewer when the file has become shorter. */
static size_t read_all(int fd, char *out, size_t size)
{
    size_t len = 0;
    ssize_t part = 1;
    while (len < size && (part = read(fd, out + len, size - len)) > 0) {
        len += (size_t)part;
    }
    return len;
}

/* False: it cannot be read whole. */
static bool read_form(const char *file, off_t size, struct portal_form *form)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    char *data = fd >= 0 ? malloc((size_t)size + 1) : NULL;
    size_t len = data ? read_all(fd, data, (size_t)size) : 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!data || len != (size_t)size) {
        free(data);
        return false;
    }
    form->data = data;
    form->len = len;
    tag_form(form);
    return true;
}

/* The CRC-32 of RFC 1952. */
static uint32_t checksum(const char *data, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return ~crc;
}

static uint32_t little_endian(const char *data)
{
    const uint8_t *byte = (const uint8_t *)data;
    return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

/* A packed file ends with the checksum and the size of what is in it: one that was left from an earlier build
 * is not sent. */
static bool packs(const struct portal_form *packed, const struct portal_form *plain)
{
    enum { SHORTEST = 18, TRAILER = 8 };
    const char *end = packed->data + packed->len;
    return packed->len >= SHORTEST && (uint8_t)packed->data[0] == 0x1f && (uint8_t)packed->data[1] == 0x8b &&
           little_endian(end - 4) == (uint32_t)plain->len &&
           little_endian(end - TRAILER) == checksum(plain->data, plain->len);
}

static void drop_form(struct portal_form *form)
{
    free(form->data);
    *form = (struct portal_form){0};
}

static void read_packed(struct kept *kept, const char *file)
{
    struct portal_form *packed = &kept->content.packed, *plain = &kept->content.plain;
    if (kept->packed.size > 0 && kept->packed.size < kept->plain.size &&
        read_form(file, kept->packed.size, packed) && !packs(packed, plain)) {
        drop_form(packed);
    }
}

/* ---- what is kept ---- */

void portal_release(struct portal_content *content)
{
    struct kept *kept = (struct kept *)content;
    if (--kept->holders == 0) {
        drop_form(&content->plain);
        drop_form(&content->packed);
        free(kept->file);
        free(kept);
    }
}

static size_t size_of(const struct kept *kept)
{
    return kept->content.plain.len + kept->content.packed.len;
}

static void let_go(struct portal *portal, struct kept *kept)
{
    LIST_REMOVE(kept, in_list);
    portal->bytes -= size_of(kept);
    portal_release(&kept->content);
}

static void let_all_go(struct portal *portal)
{
    while (!LIST_EMPTY(&portal->kept)) {
        let_go(portal, LIST_FIRST(&portal->kept));
    }
}

static struct kept *find_kept(const struct portal *portal, const char *file)
{
    struct kept *kept;
    LIST_FOREACH(kept, &portal->kept, in_list)
    {
        if (strcmp(kept->file, file) == 0) {
            return kept;
        }
    }
    return NULL;
}

static struct kept *keep(struct portal *portal, const char *file, const char *packed_file,
    struct identity plain, struct identity packed)
{
    struct kept *kept = calloc(1, sizeof(*kept));
    char *copy = strdup(file);
    if (!kept || !copy) {
        abort();
    }
    kept->file = copy;
    kept->holders = 1;
    kept->plain = plain;
    kept->packed = packed;
    kept->content.type = type_of(file);
    if (!read_form(file, plain.size, &kept->content.plain)) {
        portal_release(&kept->content);
        return NULL;
    }
    read_packed(kept, packed_file);
    if (portal->bytes + size_of(kept) > KEPT_MOST) {
        let_all_go(portal);
    }
    portal->bytes += size_of(kept);
    LIST_INSERT_HEAD(&portal->kept, kept, in_list);
    return kept;
}

struct portal_content *portal_find(struct portal *portal, const char *directory, const char *path)
{
    char file[PATH_MAX], packed_file[PATH_MAX + 4];
    if (!find_file(directory, path, file)) {
        return NULL;
    }
    snprintf(packed_file, sizeof(packed_file), "%s.gz", file);
    struct identity plain = identity_of(file), packed = identity_of(packed_file);
    struct kept *kept = find_kept(portal, file);
    if (kept && (!same(kept->plain, plain) || !same(kept->packed, packed))) {
        let_go(portal, kept);
        kept = NULL;
    }
    if (plain.number == 0 || plain.size > PORTAL_FILE) {
        return NULL;
    }
    kept = kept ? kept : keep(portal, file, packed_file, plain, packed);
    if (!kept) {
        return NULL;
    }
    kept->content.lasting = strncmp(path, "/assets/", 8) == 0;
    kept->holders++;
    return &kept->content;
}

struct portal *portal_new(void)
{
    struct portal *portal = calloc(1, sizeof(*portal));
    if (!portal) {
        abort();
    }
    LIST_INIT(&portal->kept);
    return portal;
}

void portal_free(struct portal *portal)
{
    if (portal) {
        let_all_go(portal);
        free(portal);
    }
}
