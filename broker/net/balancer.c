/* Sockets of balancers until their header is read (balancer.h). Not a byte behind the header is taken. */
#include "broker/net/balancer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/log.h"
#include "broker/net/listener.h"

/* Signature, version and command, family, length: what every header has. */
enum { SIGNATURE = 12, HEAD = 16, LOCAL = 0x20, PROXY = 0x21, UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21 };
enum { TCP4_BYTES = 12, TCP6_BYTES = 36 }; /* both addresses, then both ports */

static const uint8_t signature[SIGNATURE + 1] = "\r\n\r\n\0\r\nQUIT\n";

struct arriving {
    LIST_ENTRY(arriving) place;
    struct balancers *balancers;
    struct listener *listener;
    struct sockaddr_storage address;
    ev_io io;
    ev_timer patience;
    size_t len;
    uint8_t data[BALANCER_HEADER_MOST];
};

struct balancers {
    struct ev_loop *loop;
    double patience_s;
    LIST_HEAD(, arriving) arriving;
    size_t count;
    struct in6_addr known[BALANCERS_MOST];
};

/* ---- what a header says ---- */

static void take_four(const uint8_t *data, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    memcpy(&four->sin_addr, data, 4);
    memcpy(&four->sin_port, data + 8, 2);
}

static void take_six(const uint8_t *data, struct sockaddr_storage *address)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){.ss_family = AF_INET6};
    memcpy(&six->sin6_addr, data, 16);
    memcpy(&six->sin6_port, data + 32, 2);
}

/* Whether command and family are of version 2 and leave room for what they tell. LOCAL (the balancer speaks
 * for itself) and UNSPEC (it does not know) tell nothing, whatever is behind them. */
static bool is_told(uint8_t command, uint8_t family, size_t rest)
{
    if (command == LOCAL || (command == PROXY && family == UNSPEC))
        return true;
    return command == PROXY &&
           ((family == TCP4 && rest >= TCP4_BYTES) || (family == TCP6 && rest >= TCP6_BYTES));
}

int balancer_header(const uint8_t *data, size_t len, struct sockaddr_storage *address)
{
    if (memcmp(data, signature, len < SIGNATURE ? len : SIGNATURE) != 0)
        return -1;
    if (len < HEAD)
        return 0;
    size_t rest = (size_t)data[14] << 8 | data[15];
    if (HEAD + rest > BALANCER_HEADER_MOST || !is_told(data[12], data[13], rest))
        return -1;
    if (len < HEAD + rest)
        return 0;
    if (data[12] == PROXY && data[13] == TCP4)
        take_four(data + HEAD, address);
    else if (data[12] == PROXY && data[13] == TCP6)
        take_six(data + HEAD, address);
    return (int)(HEAD + rest);
}

/* ---- whose they are ---- */

/* IPv4 as it is within IPv6. */
static struct in6_addr common(const struct sockaddr_storage *address)
{
    struct in6_addr out = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (address->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)address)->sin6_addr;
    memcpy(out.s6_addr + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    return out;
}

static bool add(struct balancers *balancers, const char *text)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    if (balancers->count == BALANCERS_MOST)
        return false;
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&address)->sin_addr) != 1) {
        address.ss_family = AF_INET6;
        if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&address)->sin6_addr) != 1)
            return false;
    }
    balancers->known[balancers->count++] = common(&address);
    return true;
}

bool balancers_have(const struct balancers *balancers, const struct sockaddr_storage *address)
{
    struct in6_addr one = common(address);
    for (size_t i = 0; i < balancers->count; i++)
        if (memcmp(&balancers->known[i], &one, sizeof(one)) == 0)
            return true;
    return false;
}

/* ---- until the header is read ---- */

/* The socket goes on elsewhere, or is closed. */
static void leave(struct arriving *arriving)
{
    ev_io_stop(arriving->balancers->loop, &arriving->io);
    ev_timer_stop(arriving->balancers->loop, &arriving->patience);
    LIST_REMOVE(arriving, place);
    free(arriving);
}

static void refuse(struct arriving *arriving, const char *why)
{
    char text[ADDRESS_TEXT];
    address_text(&arriving->address, text);
    log_line(LOG_LEVEL_WARNING, "balancer", "address=%s why=\"%s\"", text, why);
    arriving->listener->counters->connections_closed_protocol++;
    close(arriving->io.fd);
    leave(arriving);
}

static void take(struct arriving *arriving)
{
    struct listener *listener = arriving->listener;
    struct sockaddr_storage address = arriving->address;
    int fd = arriving->io.fd;
    leave(arriving);
    listener_take(listener, fd, &address);
}

/* How many bytes are sure to be the header's. */
static size_t wanted(const struct arriving *arriving)
{
    const uint8_t *data = arriving->data;
    return arriving->len < HEAD ? HEAD : HEAD + ((size_t)data[14] << 8 | data[15]);
}

static void readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    (void)events;
    struct arriving *arriving = io->data;
    ssize_t got = recv(io->fd, arriving->data + arriving->len, wanted(arriving) - arriving->len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        refuse(arriving, "closed before its header");
        return;
    }
    arriving->len += (size_t)got;
    int header = balancer_header(arriving->data, arriving->len, &arriving->address);
    if (header < 0)
        refuse(arriving, "no header of the PROXY protocol, version 2");
    else if (header > 0)
        take(arriving);
}

static void impatient(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    refuse(timer->data, "no header in time");
}

void balancers_await(
    struct balancers *balancers, struct listener *listener, int fd, const struct sockaddr_storage *address)
{
    struct arriving *arriving = calloc(1, sizeof(*arriving));
    if (!arriving)
        abort();
    arriving->balancers = balancers;
    arriving->listener = listener;
    arriving->address = *address;
    ev_io_init(&arriving->io, readable, fd, EV_READ);
    ev_timer_init(&arriving->patience, impatient, balancers->patience_s, 0);
    /* After what was read: a process that stood still finds the header before it misses it. */
    ev_set_priority(&arriving->patience, EV_MINPRI);
    arriving->io.data = arriving->patience.data = arriving;
    LIST_INSERT_HEAD(&balancers->arriving, arriving, place);
    ev_io_start(balancers->loop, &arriving->io);
    ev_timer_start(balancers->loop, &arriving->patience);
}

/* ---- birth and death ---- */

struct balancers *balancers_new(struct ev_loop *loop, const char *addresses, int64_t patience_ms)
{
    struct balancers *balancers = calloc(1, sizeof(*balancers));
    char *words = strdup(addresses), *rest = NULL;
    if (!balancers || !words)
        abort();
    balancers->loop = loop;
    balancers->patience_s = (double)patience_ms / 1000;
    LIST_INIT(&balancers->arriving);
    bool good = true;
    for (char *word = strtok_r(words, " ", &rest); word && good; word = strtok_r(NULL, " ", &rest))
        good = add(balancers, word);
    free(words);
    if (good)
        return balancers;
    free(balancers);
    return NULL;
}

void balancers_free(struct balancers *balancers)
{
    struct arriving *arriving;
    if (!balancers)
        return;
    while ((arriving = LIST_FIRST(&balancers->arriving))) {
        close(arriving->io.fd);
        leave(arriving);
    }
    free(balancers);
}
