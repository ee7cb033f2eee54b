/* File modes. What is no plain file (a pipe that a shell made) has no modes that would tell anything. */
#include "bridge/file_mode.h"

#include <stddef.h>
#include <sys/stat.h>

static const char *fault(int fd, mode_t others, mode_t group, const char *text)
{
    struct stat about;
    if (fstat(fd, &about))
        return "cannot be looked at";
    if (!S_ISREG(about.st_mode))
        return NULL;
    if (about.st_mode & (S_IWOTH | group))
        return "may be written by others than its owner: chmod go-w it";
    return about.st_mode & others ? text : NULL;
}

const char *secret_file_fault(int fd)
{
    return fault(fd, S_IRWXO, S_IWGRP, "holds a secret and is not closed to others: chmod o= it");
}

const char *trusted_file_fault(int fd)
{
    return fault(fd, 0, 0, "");
}
