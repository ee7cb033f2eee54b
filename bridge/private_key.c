/* Private keys in files, on OpenSSL. */
#include "bridge/private_key.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "bridge/file_mode.h"

EVP_PKEY *private_key_read(const char *path, const char **fault)
{
    EVP_PKEY *key = NULL;
    FILE *file = fopen(path, "re");
    *fault = file ? secret_file_fault(fileno(file)) : strerrordesc_np(errno);
    if (!*fault)
        key = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "");
    if (file)
        fclose(file);
    return key;
}
