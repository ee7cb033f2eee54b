/* Finds the portal's files. Nothing outside the directory, and nothing that begins with a dot, is ever found.
 */
#include "broker/net/portal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

bool portal_file(const char *directory, const char *path, char file[PATH_MAX], const char **type)
{
    char asked[PATH_MAX];
    struct stat about;
    size_t len = strlen(path);
    const char *index = len > 0 && path[len - 1] == '/' ? "index.html" : "";
    if (path[0] != '/' || strstr(path, "/.")) {
        return false;
    }
    int made = snprintf(asked, sizeof(asked), "%s%s%s", directory, path, index);
    if (made < 0 || made >= (int)sizeof(asked) || !realpath(asked, file) || !inside(directory, file)) {
        return false;
    }
    *type = type_of(file);
    return *type && stat(file, &about) == 0 && S_ISREG(about.st_mode);
}
