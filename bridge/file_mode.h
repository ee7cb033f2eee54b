/* Whether the modes of a file fit what is in it: looked at before what it holds is used. */
#ifndef NEIGHBORS_BRIDGE_FILE_MODE_H
#define NEIGHBORS_BRIDGE_FILE_MODE_H

/* What is wrong with the modes of an open file that holds a secret (others may read it, or others or its
 * group may write it), in words that go on after its name; NULL: nothing. */
const char *secret_file_fault(int fd);

/* The same for a file that is trusted and no secret (a public key): everybody may read it, not write it. */
const char *trusted_file_fault(int fd);

#endif
