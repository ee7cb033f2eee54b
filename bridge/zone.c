/* Time zones by the C library, which has them as the process's own zone only: that is set, asked, and put
 * back. */
#include "bridge/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ZONE_PATH = 128 };

/* A name that stays in the database's folder and has a file there: of any other the C library would make
 * UTC in silence. */
static bool known(const char *zone)
{
    char path[ZONE_PATH];
    if (strstr(zone, "..") || zone[0] == '/' || zone[0] == '.')
        return false;
    int len = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
    struct stat file;
    return len > 0 && (size_t)len < sizeof(path) && stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

static void use_zone(const char *zone)
{
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

bool zone_offset(const char *zone, int64_t at, int *minutes)
{
    *minutes = 0;
    if (!*zone)
        return true;
    if (!known(zone))
        return false;
    const char *own = getenv("TZ");
    char *kept = own ? strdup(own) : NULL;
    if (own && !kept)
        abort();
    time_t seconds = (time_t)(at / 1000);
    struct tm local;
    use_zone(zone);
    bool told = localtime_r(&seconds, &local) != NULL;
    use_zone(kept);
    free(kept);
    if (told)
        *minutes = (int)(local.tm_gmtoff / 60);
    return told;
}
