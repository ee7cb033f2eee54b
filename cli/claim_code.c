#include "cli/claim_code.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 5, DIGITS = 20 };
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The n-th digit's place: a hyphen stands before each group but the first. */
static int place_of(int digit)
{
    return digit + digit / GROUP;
}

static void put_hyphens(char out[CLAIM_CODE + 1])
{
    for (int group = 1; group < DIGITS / GROUP; group++)
        out[group * (GROUP + 1) - 1] = '-';
    out[CLAIM_CODE] = '\0';
}

void claim_code_make(char out[CLAIM_CODE + 1])
{
    unsigned char random[DIGITS];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    for (int i = 0; i < DIGITS; i++)
        out[place_of(i)] = alphabet[random[i] % 32];
    put_hyphens(out);
}

static char digit_of(char typed)
{
    char digit = (char)toupper((unsigned char)typed);
    if (digit == 'O')
        digit = '0';
    if (digit == 'I' || digit == 'L')
        digit = '1';
    return digit && strchr(alphabet, digit) ? digit : '\0';
}

bool claim_code_read(const char *typed, char out[CLAIM_CODE + 1])
{
    int digits = 0;
    for (; *typed; typed++) {
        if (*typed == '-' || isspace((unsigned char)*typed))
            continue;
        char digit = digit_of(*typed);
        if (!digit || digits == DIGITS)
            return false;
        out[place_of(digits++)] = digit;
    }
    put_hyphens(out);
    return digits == DIGITS;
}

void claim_code_hash(const char *code, uint8_t out[CLAIM_HASH])
{
    if (EVP_Digest(code, strlen(code), out, NULL, EVP_sha256(), NULL) != 1)
        abort();
}
