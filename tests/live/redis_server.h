/* A private Redis for a test: on a free port of the loopback, in a folder of its own, with the settings of
 * deploy/redis.conf. It dies with the program that started it. Run from the root of the repository. */
#ifndef NEIGHBORS_TESTS_LIVE_REDIS_SERVER_H
#define NEIGHBORS_TESTS_LIVE_REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

/* Milliseconds: long, so that a busy machine moves no master that a test has not killed. */
enum { REDIS_NODE_TIMEOUT = 60000 };

struct redis_server {
    pid_t pid;        /* 0: not running */
    int port, output; /* output: the end of a pipe with its log */
    char folder[64];  /* redis.sock in it is the same Redis */
    char url[64];     /* redis://127.0.0.1:port, of a cluster redis+cluster://127.0.0.1:port?wait=0 */
    bool cluster; /* a cluster of one, with all slots: a function that touches keys of several slots fails */
    bool member;  /* with cluster: of a larger one; its slots come later */
    int bus;      /* of a cluster: its second port */
    int node_timeout; /* of a cluster: after how many ms without a word it holds a node to be dead; 0 at the
                         start: REDIS_NODE_TIMEOUT */
    int held[2];      /* the ports, held_port.h */
    char master[48];  /* "127.0.0.1 port" of whom it is a replica; "": of nobody */
    /* Not "": it is a sentinel, and this its configuration behind port and folder. */
    char sentinel[256];
};

/* Starts it and waits until it takes connections; `cluster` and what is below it is as set before. False:
 * there is no Redis here, or it did not start. */
bool redis_server_start(struct redis_server *server) __attribute__((warn_unused_result));
/* Starts it again where it was, after redis_server_kill. */
bool redis_server_restart(struct redis_server *server) __attribute__((warn_unused_result));
/* SIGKILL, to what it forked too, and waits until it is gone. */
void redis_server_kill(struct redis_server *server);
/* SIGSTOP, until redis_server_thaw. */
void redis_server_freeze(const struct redis_server *server);
void redis_server_thaw(const struct redis_server *server);
/* Kills it and removes the folder; nothing, where it was not started. */
void redis_server_stop(struct redis_server *server);

/* Over a connection of its own: the answer (freeReplyObject); NULL: none within 30 s, or an error. */
redisReply *redis_server_ask(const struct redis_server *server, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));
redisReply *redis_server_vask(const struct redis_server *server, const char *format, va_list arguments)
    __attribute__((warn_unused_result, format(printf, 2, 0)));
/* False too while it does not answer. */
bool redis_server_is_master(const struct redis_server *server);

#endif
