/* The folder is opened, then its files by their bare names, without following links. */
#include "bridge/edge/back/clips.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/owner/footage_clip.h"

static bool is_bare_name(const char *name)
{
    return *name && *name != '.' && strchr(name, '/') == NULL && strlen(name) <= 255;
}

static int open_in(const char *folder, const char *name)
{
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(directory);
    return file;
}

static int64_t written(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
}

static const char *read_open(int file, struct arena *arena, struct clip_file *out)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return "files: no such file is in the clips folder";
    if (status.st_size > FOOTAGE_STILL_MOST)
        return "files: a picture must be smaller than 30 kB";
    uint8_t *content = arena_take(arena, FOOTAGE_STILL_MOST);
    ssize_t length = read(file, content, FOOTAGE_STILL_MOST);
    out->content = (struct bytes){content, length > 0 ? (size_t)length : 0};
    out->media_type = footage_media_type(out->content);
    out->taken = written(&status);
    return out->media_type ? NULL : "files: only JPEG and PNG pictures can be shared";
}

bool clip_read(
    const char *folder, const char *name, struct arena *arena, struct clip_file *out, const char **why)
{
    *why = "files: no clips folder is set";
    if (folder == NULL)
        return false;
    *why = "files: must be bare names of files in the clips folder";
    if (!is_bare_name(name))
        return false;
    int file = open_in(folder, name);
    *why = "files: no such file is in the clips folder";
    if (file < 0)
        return false;
    *why = read_open(file, arena, out);
    close(file);
    return *why == NULL;
}

static int is_picture(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

json_t *clips_between(const char *folder, int64_t from, int64_t to)
{
    json_t *out = json_array();
    struct dirent **list;
    int count = folder ? scandir(folder, &list, is_picture, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        struct stat status;
        int file = json_array_size(out) < LIMIT_CLIPS ? open_in(folder, list[i]->d_name) : -1;
        if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
            status.st_size <= FOOTAGE_STILL_MOST && written(&status) >= from && written(&status) <= to)
            json_array_append_new(out, json_string(list[i]->d_name));
        if (file >= 0)
            close(file);
        free(list[i]);
    }
    if (count > 0)
        free(list);
    return out;
}
