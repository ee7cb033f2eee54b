/* Names to addresses (lookup.h), by glibc's own thread. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bridge/client/allocate.h"
#include "bridge/client/lookup.h"

struct lookup {
    struct gaicb request;
    struct addrinfo hints;
    int failed; /* could not even begin */
};

struct lookup *lookup_new(const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return NULL;
    struct lookup *lookup = client_alloc(sizeof(*lookup));
    lookup->hints.ai_socktype = SOCK_STREAM;
    lookup->request = (struct gaicb){.ar_name = host, .ar_request = &lookup->hints};
    struct gaicb *list[1] = {&lookup->request};
    lookup->failed = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    return lookup;
}

static int result(const struct lookup *lookup)
{
    return lookup->failed ? lookup->failed : gai_error((struct gaicb *)&lookup->request);
}

enum lookup_state lookup_look(const struct lookup *lookup)
{
    int error = result(lookup);
    if (error == EAI_INPROGRESS)
        return LOOKUP_PENDING;
    return error == 0 ? LOOKUP_FOUND : LOOKUP_FAILED;
}

const char *lookup_error(const struct lookup *lookup)
{
    return gai_strerror(result(lookup));
}

void lookup_free(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    /* What its thread still works on is left to it; that happens when the process ends. */
    if (!lookup->failed && gai_cancel(&lookup->request) == EAI_NOTCANCELED)
        return;
    if (lookup->request.ar_result)
        freeaddrinfo(lookup->request.ar_result);
    free(lookup);
}
