/* The settings of the portal: what they have to be like. */
#include "broker/settings_portal.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 64, ADDRESS_MOST = 1024, ATTRIBUTION_MOST = 400 };

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* How long the origin at the beginning of an address is; 0: it has none that may be used. */
static size_t origin_len(const char *address)
{
    static const char host[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    size_t scheme = begins(address, "https://") ? 8 : begins(address, "http://") ? 7 : 0;
    size_t len = scheme ? strspn(address + scheme, host) : 0;
    return len ? scheme + len : 0;
}

void settings_portal_origin(const char *address, char out[PORTAL_ORIGIN])
{
    size_t len = origin_len(address);
    len = len < PORTAL_ORIGIN ? len : 0;
    memcpy(out, address, len);
    out[len] = '\0';
}

/* Tiles come over TLS; on the own machine, to try something, also without. */
static bool tiles_are_safe(const char *tiles)
{
    return begins(tiles, "https://") || begins(tiles, "http://127.0.0.1:") ||
           begins(tiles, "http://localhost:");
}

static bool tiles_are_address(const char *tiles)
{
    size_t len = origin_len(tiles);
    return len && len < PORTAL_ORIGIN && tiles[len] == '/' && strlen(tiles) <= ADDRESS_MOST &&
           !strpbrk(tiles, " \"'<>\\^`|\t\r\n") && strstr(tiles, "{z}") && strstr(tiles, "{x}") &&
           strstr(tiles, "{y}");
}

/* A number of at most `most` either way at the beginning of the text, and what must come behind it. */
static bool take_degrees(const char **text, double most, char behind, double *out)
{
    char *end;
    size_t len = strspn(*text, "+-.0123456789");
    *out = strtod(*text, &end);
    bool good = len && end == *text + len && *end == behind && *out >= -most && *out <= most;
    *text = good && behind ? end + 1 : end;
    return good;
}

bool settings_portal_center(const char *text, double *latitude, double *longitude)
{
    return take_degrees(&text, 85, ',', latitude) && take_degrees(&text, 180, '\0', longitude);
}

const char *settings_portal_rule(const struct settings *settings)
{
    double latitude, longitude;
    const char *tiles = settings->portal_tiles;
    if (strlen(settings->portal_name) > NAME_MOST || !settings->portal_name[0]) {
        return "portal_name: must be 1 to 64 bytes";
    }
    if (settings->portal_center[0] &&
        !settings_portal_center(settings->portal_center, &latitude, &longitude)) {
        return "portal_center: degrees, latitude (at most 85) and longitude with a comma between, as "
               "34.0768,-118.0316";
    }
    if (tiles[0] && !tiles_are_address(tiles)) {
        return "portal_tiles: an address with {z}, {x} and {y}, as https://tiles.example.org/{z}/{x}/{y}.png";
    }
    if (tiles[0] && !tiles_are_safe(tiles)) {
        return "portal_tiles: must begin with https:// (or http://127.0.0.1:, http://localhost:)";
    }
    if (tiles[0] && !settings->portal_tiles_attribution[0]) {
        return "portal_tiles: needs portal_tiles_attribution, whose map it is";
    }
    if (strlen(settings->portal_tiles_attribution) > ATTRIBUTION_MOST) {
        return "portal_tiles_attribution: must be at most 400 bytes";
    }
    return NULL;
}
