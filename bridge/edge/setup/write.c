/* The files that neighbors-edge runs with. Each is whole or not there, and for its owner alone; where there
 * is a user neighbors-edge, as the package makes one, it is the owner. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/edge/setup/setup.h"

static const char user_name[] = "neighbors-edge";

void setup_path(const struct setup *setup, const char *file, char out[2 * SETUP_TEXT])
{
    snprintf(out, 2 * SETUP_TEXT, "%s/%s", setup->folder, file);
}

static bool wrong(const char *path)
{
    fprintf(stderr, "neighbors-edge: %s: %s\n", path, strerror(errno));
    return false;
}

/* ---- one file ---------------------------------------------------------------------------------------------
 */

/* Under a name of its own first. */
static FILE *begin(const char *path, char temporary[2 * SETUP_TEXT + 8])
{
    snprintf(temporary, 2 * SETUP_TEXT + 8, "%s.new", path);
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool finish(FILE *file, const char *path, const char *temporary)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam(user_name) : NULL;
    bool good = (!user || fchown(fileno(file), user->pw_uid, user->pw_gid) == 0) && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good && rename(temporary, path) == 0;
    if (!good)
        unlink(temporary);
    return good || wrong(path);
}

static bool write_text(const struct setup *setup, const char *name, const char *text)
{
    char path[2 * SETUP_TEXT], temporary[2 * SETUP_TEXT + 8];
    setup_path(setup, name, path);
    FILE *file = begin(path, temporary);
    if (!file)
        return wrong(path);
    fprintf(file, "%s\n", text);
    return finish(file, path, temporary);
}

/* ---- the configuration ------------------------------------------------------------------------------------
 */

/* In quotes, as libconfig reads it. */
static void put(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', file);
        putc(*text, file);
    }
    putc('"', file);
}

static void put_line(FILE *file, const char *before, const char *name, const char *text)
{
    fprintf(file, "%s%s = ", before, name);
    put(file, text);
    fputs(";\n", file);
}

static void put_file(FILE *file, const struct setup *setup, const char *name, const char *in_folder)
{
    char path[2 * SETUP_TEXT];
    setup_path(setup, in_folder, path);
    put_line(file, "  ", name, path);
}

static void put_ends(FILE *file, const struct setup *setup)
{
    char host[SETUP_TEXT];
    fprintf(file, "local = {\n");
    put_line(file, "  ", "host", setup->local.host);
    fprintf(file, "  port = %d;\n", setup->local.port);
    if (setup->local.username)
        put_line(file, "  ", "username", setup->local.username);
    if (setup->local.password)
        put_file(file, setup, "password_file", "local.password");
    if (setup->local.ca)
        put_line(file, "  ", "ca", setup->local.ca);
    fprintf(file, "};\n\nbroker = {\n");
    put_line(file, "  ", "host", setup_broker_host(setup, host) ? host : "");
    fprintf(file, "  port = %d;\n", setup->joined.port);
    if (setup->joined.tls && setup->joined.authority[0])
        put_file(file, setup, "ca", "broker-ca.pem");
    else if (setup->joined.tls)
        put_line(file, "  ", "ca", SETUP_AUTHORITIES);
    put_file(file, setup, "token_file", "edge.token");
    fprintf(file, "};\n\nspool = {\n");
    put_line(file, "  ", "file", setup->spool);
    fprintf(file, "};\n\n");
}

static const char *prefix_of(const struct setup *setup, const struct edge_map *map)
{
    for (size_t i = 0; i < setup->choice_count; i++)
        if (setup->choices[i].map == map)
            return setup->choices[i].prefix;
    return NULL;
}

static bool map_shared(const struct setup *setup, const struct edge_map *map)
{
    for (size_t i = 0; i < setup->device_count; i++)
        if (setup->devices[i].id[0] && setup->devices[i].map == map)
            return true;
    return false;
}

static void put_maps(FILE *file, const struct setup *setup)
{
    const char *between = "";
    fprintf(file, "maps = (");
    for (size_t i = 0; i < edge_map_count; i++) {
        const char *prefix = prefix_of(setup, &edge_maps[i]);
        if (!map_shared(setup, &edge_maps[i]))
            continue;
        fprintf(file, "%s\n  { name = ", between);
        put(file, edge_maps[i].name);
        if (prefix) {
            fprintf(file, "; prefix = ");
            put(file, prefix);
        }
        fprintf(file, "; }");
        between = ",";
    }
    fprintf(file, "\n);\n\n");
}

static void put_kinds(FILE *file, unsigned kinds)
{
    const char *between = "";
    for (int kind = KIND_MOTION; kind <= KIND_SOUND; kind++) {
        const char *name = motion_kind_name(kind);
        if (!(kinds >> kind & 1))
            continue;
        fprintf(file, "%s\"", between);
        for (; *name; name++)
            putc(*name | 0x20, file);
        putc('"', file);
        between = ", ";
    }
}

static void put_devices(FILE *file, const struct setup *setup)
{
    const char *between = "";
    fprintf(file,
        "# What leaves this house: these devices, and of them these kinds. All others stay.\ndevices = (");
    for (size_t i = 0; i < setup->device_count; i++) {
        const struct setup_device *device = &setup->devices[i];
        if (!device->id[0])
            continue;
        fprintf(file, "%s\n  { source = ", between);
        put(file, device->source);
        fprintf(file, "; id = ");
        put(file, device->id);
        fprintf(file, "; kinds = [ ");
        put_kinds(file, device->kinds);
        fprintf(file, " ]; map = ");
        put(file, device->map->name);
        fprintf(file, "; }");
        between = ",";
    }
    fprintf(file, "\n);\n");
}

/* As the resident, for requests for footage come to nobody else. */
static void put_way_back(FILE *file, const struct setup *setup)
{
    fprintf(file, "\n# What comes back into this home, for Home Assistant and others: alerts, and requests "
                  "for footage.\nplaces = (\n"
                  "  { name = \"Home\"; metres = 1600; cell = ");
    put(file, setup->joined.cell);
    fprintf(file, "; }\n);\n\nowner = {\n");
    put_line(file, "  ", "user", setup->joined.user);
    put_file(file, setup, "token_file", "owner.token");
    fprintf(file, "};\n");
}

static bool write_configuration(const struct setup *setup, const char *path)
{
    char temporary[2 * SETUP_TEXT + 8];
    FILE *file = begin(path, temporary);
    if (!file)
        return wrong(path);
    fprintf(file,
        "# Written by neighbors-edge setup; /usr/share/neighbors/neighbors-edge.conf (of the sources "
        "deploy/neighbors-edge.conf) explains each setting.\n");
    put_line(file, "", "id", setup->joined.edge);
    putc('\n', file);
    put_ends(file, setup);
    put_maps(file, setup);
    put_devices(file, setup);
    if (setup->way_back)
        put_way_back(file, setup);
    return finish(file, path, temporary);
}

bool setup_may_write(const struct setup *setup, bool replace)
{
    char path[2 * SETUP_TEXT];
    setup_path(setup, "neighbors-edge.conf", path);
    bool made = mkdir(setup->folder, 0755) == 0;
    if (!made && errno != EEXIST)
        return wrong(setup->folder);
    if (made && chmod(setup->folder, 0755) < 0) /* it is on the way of the edge, who is somebody else */
        return wrong(setup->folder);
    if (access(setup->folder, W_OK) < 0)
        return wrong(setup->folder);
    if (replace || access(path, F_OK) < 0)
        return true;
    fprintf(stderr, "neighbors-edge: %s is there already; --replace writes another in its place\n", path);
    return false;
}

bool setup_write(const struct setup *setup)
{
    char path[2 * SETUP_TEXT];
    setup_path(setup, "neighbors-edge.conf", path);
    return (!setup->local.password || write_text(setup, "local.password", setup->local.password)) &&
           (!setup->joined.authority[0] || write_text(setup, "broker-ca.pem", setup->joined.authority)) &&
           write_text(setup, "edge.token", setup->joined.edge_token) &&
           write_text(setup, "owner.token", setup->joined.user_token) && write_configuration(setup, path);
}
