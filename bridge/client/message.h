/* What somebody published at a broker, as a connection hands it over. */
#ifndef NEIGHBORS_CLIENT_MESSAGE_H
#define NEIGHBORS_CLIENT_MESSAGE_H

#include "proto/message.h"

/* One message. Views. */
struct link_message {
    struct text topic;
    struct bytes payload;
    bool retain; /* as received: the replay of something old */
    bool again;  /* the broker says that it delivers this for a second time (DUP); told while it resumes a
                    session */
    int64_t at;  /* arrival, ms */
};

#endif
