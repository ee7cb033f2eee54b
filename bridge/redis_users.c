#include "bridge/redis_users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool redis_users_line_is_old(const char *line)
{
    static const char old[] = "user default off";
    size_t len = sizeof old - 1;
    return strncmp(line, old, len) == 0 && line[len + strspn(line + len, " \t\r\n")] == '\0';
}

bool redis_users_file_is_old(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool old = false;
    while (file && !old && getline(&line, &room, file) > 0)
        old = redis_users_line_is_old(line);
    free(line);
    if (file)
        fclose(file);
    return old;
}
