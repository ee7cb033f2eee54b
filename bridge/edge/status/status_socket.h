/* Where a running edge tells how it is: a socket beside the spool, FILE-status. Whoever connects gets one
 * text and the end of the file. */
#ifndef NEIGHBORS_EDGE_STATUS_SOCKET_H
#define NEIGHBORS_EDGE_STATUS_SOCKET_H

/* Listens beside that spool, in the place of who listened before. A descriptor that does not block, to be
 * given to status_socket_close; -1: told on standard error. */
int status_socket_open(const char *spool_file);
/* Gives everybody who has connected the text. */
void status_socket_answer(int listener, const char *text);
void status_socket_close(int listener, const char *spool_file);

/* The text of the edge that has this spool open, to be freed; NULL: none answers. Waits for 5 s at most. */
char *status_socket_ask(const char *spool_file);

#endif
