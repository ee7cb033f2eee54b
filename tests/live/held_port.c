/* Ports that stay the test's own (held_port.h). */
#include "tests/live/held_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

int held_port(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int on = 1;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(*fd, (struct sockaddr *)&address, len) == 0 &&
        getsockname(*fd, (struct sockaddr *)&address, &len) == 0)
        return ntohs(address.sin_port);
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return 0;
}
