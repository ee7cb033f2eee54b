/* A binary heap in an array; each connection knows its place in it, from 1 on. */
#include "broker/session/expiry.h"

#include "broker/session/connection_state.h"

static struct connection *at(const struct expiries *heap, size_t place)
{
    return heap->due[place - 1];
}

static void put(struct expiries *heap, size_t place, struct connection *connection)
{
    heap->due[place - 1] = connection;
    connection->expiry_place = place;
}

static void rise(struct expiries *heap, size_t place, struct connection *connection)
{
    while (place > 1 && at(heap, place / 2)->credential_ends > connection->credential_ends) {
        put(heap, place, at(heap, place / 2));
        place /= 2;
    }
    put(heap, place, connection);
}

static void sink(struct expiries *heap, size_t place, struct connection *connection)
{
    size_t child;
    while ((child = 2 * place) <= heap->count) {
        if (child < heap->count && at(heap, child + 1)->credential_ends < at(heap, child)->credential_ends)
            child++;
        if (at(heap, child)->credential_ends >= connection->credential_ends)
            break;
        put(heap, place, at(heap, child));
        place = child;
    }
    put(heap, place, connection);
}

void expiry_add(struct broker *broker, struct connection *connection, int64_t ends)
{
    struct expiries *heap = &broker->expiries;

    connection->credential_ends = ends;
    if (heap->count == heap->room) {
        heap->room = heap->room ? 2 * heap->room : 64;
        heap->due = must_realloc(heap->due, heap->room * sizeof *heap->due);
    }
    heap->count++;
    rise(heap, heap->count, connection);
}

void expiry_drop(struct broker *broker, struct connection *connection)
{
    struct expiries *heap = &broker->expiries;
    size_t place = connection->expiry_place;

    if (place == 0)
        return;
    connection->expiry_place = 0;
    struct connection *last = at(heap, heap->count--);
    if (last == connection)
        return;
    if (place > 1 && at(heap, place / 2)->credential_ends > last->credential_ends)
        rise(heap, place, last);
    else
        sink(heap, place, last);
}

void expiry_tick(struct broker *broker, int64_t now)
{
    struct expiries *heap = &broker->expiries;

    while (heap->count && at(heap, 1)->credential_ends <= now) {
        struct connection *connection = at(heap, 1);
        expiry_drop(broker, connection);
        connection_bar(
            connection, connection->peer.certificate.len ? "certificate expired" : "token expired");
    }
}
