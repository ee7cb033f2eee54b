/* Asking a running edge (status_socket.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/status/status_socket.h"

enum { MOST_TEXT = 256 * 1024, ASK_S = 5 };

/* The name by way of the open folder, as a socket's may have 107 bytes alone. The folder's descriptor, which
 * must stay open while the name is used; -1: there is no such folder. */
static int name_socket(const char *spool_file, struct sockaddr_un *name)
{
    char folder[4096], entry[4096];
    const char *slash = strrchr(spool_file, '/');
    snprintf(
        folder, sizeof(folder), "%.*s", slash ? (int)(slash - spool_file + 1) : 2, slash ? spool_file : "./");
    snprintf(entry, sizeof(entry), "%s-status", slash ? slash + 1 : spool_file);
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(name->sun_path, sizeof(name->sun_path), "/proc/self/fd/%d/%s", fd, entry);
    if (fd >= 0 && length >= (int)sizeof(name->sun_path)) {
        close(fd);
        return -1;
    }
    return fd;
}

int status_socket_open(const char *spool_file)
{
    struct sockaddr_un name;
    int folder = name_socket(spool_file, &name);
    int listener = folder < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177); /* for its owner alone */
    if (listener >= 0)
        unlink(name.sun_path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&name, sizeof(name)) != 0 ||
        listen(listener, 8) != 0) {
        fprintf(stderr, "neighbors-edge: status: %s-status: %s\n", spool_file, strerror(errno));
        if (listener >= 0)
            close(listener);
        listener = -1;
    }
    umask(mask);
    if (folder >= 0)
        close(folder);
    return listener;
}

/* Who does not read gets as much as fits into the socket. */
static void send_all(int client, const char *text, size_t length)
{
    for (ssize_t sent; length > 0 && (sent = send(client, text, length, MSG_NOSIGNAL)) > 0;) {
        text += sent;
        length -= (size_t)sent;
    }
}

void status_socket_answer(int listener, const char *text)
{
    for (int client; (client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        send_all(client, text, strlen(text));
        close(client);
    }
}

void status_socket_close(int listener, const char *spool_file)
{
    struct sockaddr_un name;
    if (listener < 0)
        return;
    close(listener);
    int folder = name_socket(spool_file, &name);
    if (folder < 0)
        return;
    unlink(name.sun_path);
    close(folder);
}

static char *read_all(int fd)
{
    char *text = client_alloc(MOST_TEXT);
    size_t length = 0;
    for (ssize_t n; length < MOST_TEXT - 1 && (n = read(fd, text + length, MOST_TEXT - 1 - length)) > 0;)
        length += (size_t)n;
    if (length > 0)
        return text;
    free(text);
    return NULL;
}

char *status_socket_ask(const char *spool_file)
{
    struct sockaddr_un name;
    const struct timeval patience = {.tv_sec = ASK_S};
    char *text = NULL;
    int folder = name_socket(spool_file, &name);
    int fd = folder < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
        text = read_all(fd);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return text;
}
