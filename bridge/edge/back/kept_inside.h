/* The inside of what is kept: statements by name, bound and run in one way. For kept*.c alone. */
#ifndef NEIGHBORS_EDGE_KEPT_INSIDE_H
#define NEIGHBORS_EDGE_KEPT_INSIDE_H

#include <sqlite3.h>

#include "bridge/edge/back/kept.h"

enum kept_statement {
    ALERT_FIND,
    ALERT_PUT,
    ALERT_CONFIRM,
    ALERT_SWEEP,
    ALERT_EXPIRE,
    ALERT_FORGET,
    ALERT_NEXT,
    ALERT_ROUND,
    ALERT_FORCE,
    ALERT_UNTOLD,
    ALERT_TOLD,
    ALERT_PLACES,
    ALERT_FORGET_PLACE,
    ACTIVITY_PUT,
    ACTIVITY_FORGET,
    REQUEST_PUT,
    REQUEST_FIND,
    REQUEST_ANSWER,
    REQUEST_LEFT,
    REQUEST_TOLD,
    REQUEST_AGAIN,
    REQUEST_DROP,
    REQUEST_CLOSED,
    REQUEST_DUE,
    REQUEST_NEXT,
    REQUEST_UNTOLD,
    TOPIC_PUT,
    TOPIC_DROP,
    TOPIC_ALL,
    KEPT_STATEMENTS
};

struct kept {
    struct spool *spool;
    sqlite3 *database;
    sqlite3_stmt *statements[KEPT_STATEMENTS];
    bool begun, failed; /* a transaction is open; something of it could not be written */
    int64_t activity_swept;
};

/* Binds by types ("t" text, "i" int64_t, "b" struct bytes *) and gives the statement back to be stepped; to
 * be reset by the caller. */
sqlite3_stmt *kept_bind(struct kept *kept, enum kept_statement which, const char *types, ...);
/* The same as a change, within the transaction. How many rows it changed. */
int kept_change(struct kept *kept, enum kept_statement which, const char *types, ...);
/* The number that a question without values is answered by; 0: none. */
int64_t kept_number(struct kept *kept, enum kept_statement which);
/* Text and bytes of a column; copied into the arena. */
const char *kept_text(sqlite3_stmt *statement, int column, struct arena *arena);
struct bytes kept_bytes(sqlite3_stmt *statement, int column, struct arena *arena);

#endif
