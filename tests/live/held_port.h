/* Ports of the loopback for servers that a test starts. */
#ifndef NEIGHBORS_TESTS_LIVE_HELD_PORT_H
#define NEIGHBORS_TESTS_LIVE_HELD_PORT_H

/* A port that nobody else is given, also while the server on it is down, until *fd is closed or the program
 * ends: *fd is bound to it and never listens, so a server may listen there that sets SO_REUSEADDR, and who
 * connects while none does is refused. 0: there is none, and *fd is -1. */
int held_port(int *fd) __attribute__((warn_unused_result));

#endif
