/* Questions to whoever sits at the terminal, on standard output and input. Where nobody is to be asked, each
 * is answered by what would have been taken for an empty line. */
#ifndef NEIGHBORS_BRIDGE_OWNER_ASK_H
#define NEIGHBORS_BRIDGE_OWNER_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* From now on nobody is asked. */
void ask_nobody(void);
bool ask_somebody(void);

/* Asks for a line; an empty one, or none any more, is `otherwise`. */
void ask_line(const char *question, const char *otherwise, char *out, size_t room);
/* The same without showing what is typed. */
void ask_secret(const char *question, char *out, size_t room);
/* Asks for yes or no until one of them, or nothing, is said. */
bool ask_yes(const char *question, bool otherwise);

#endif
