/* Seals places and names cells for a registry that a bench writes by itself (measure/registry.py): lines
 * "<principal> <geohash>" in, "<sealed place> <digest among sharers>" out. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/place_seal.h"
#include "bridge/secret_file.h"

int main(int count, char **arguments)
{
    uint8_t secret[SECRET_BYTES];
    char principal[80], geohash[PLACE_GEOHASH + 1], owner[PLACE_OWNER];
    char sealed[PLACE_SEALED + 1], digest[PLACE_DIGEST + 1];
    const char *rule = count == 2 ? secret_file_read(arguments[1], secret) : "say which file has the secret";
    if (rule) {
        fprintf(stderr, "bench_places: %s\n", rule);
        return EXIT_FAILURE;
    }
    struct place_key *key = place_key_new(secret);
    while (scanf("%79s %12s", principal, geohash) == 2) {
        place_owner_principal(text_of(principal), "place", owner);
        place_seal(key, owner, text_of(geohash), sealed);
        place_digest(key, "sharers", text_of(geohash), digest);
        printf("%s %s\n", sealed, digest);
    }
    place_key_free(key);
    return EXIT_SUCCESS;
}
