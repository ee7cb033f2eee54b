/* Private keys in files: looked at whether others may read them before what they hold is used. */
#ifndef NEIGHBORS_BRIDGE_PRIVATE_KEY_H
#define NEIGHBORS_BRIDGE_PRIVATE_KEY_H

#include <openssl/types.h>

/* The private key of a PEM file, to be freed with EVP_PKEY_free. NULL: *fault is why the file is not read,
 * static text, or NULL when it holds no key, or one with a password, which is not asked for. */
EVP_PKEY *private_key_read(const char *path, const char **fault);

#endif
