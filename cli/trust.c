/* Files are read and checked here, so that the registry never holds what the broker cannot use. */
#include "cli/trust.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "bridge/registry_agency.h"
#include "cli/geojson.h"
#include "cli/place.h"

static const uint8_t nothing[1];
/* neighbors.v1.MultiPolygon of no polygons: its version alone. */
static const uint8_t no_polygons[] = {0x08, 0x01};
const struct bytes trust_nowhere = {no_polygons, sizeof no_polygons};

static enum exit_code read_jurisdiction(
    const struct invocation *invocation, const char *path, struct arena *arena, struct bytes *out)
{
    char error[GEOJSON_ERROR];
    struct geo_shape shape;
    const char *why;
    *out = (struct bytes){nothing, 0};
    if (strcmp(path, "everywhere") == 0)
        return EXIT_DONE;
    if (strcmp(path, "nowhere") == 0) {
        *out = trust_nowhere;
        return EXIT_DONE;
    }
    if (!geojson_read(path, arena, &shape, error))
        return cli_fail(invocation, EXIT_REFUSED, "%s", error);
    if (!place_keep(&shape, arena, out, &why))
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", path, why);
    return EXIT_DONE;
}

/* The certificate anew, without what may stand around it in the file. */
static bool write_pem(X509 *certificate, struct arena *arena, struct bytes *out)
{
    char *text;
    BIO *memory = BIO_new(BIO_s_mem());
    bool done = memory && PEM_write_bio_X509(memory, certificate) == 1;
    if (done) {
        long len = BIO_get_mem_data(memory, &text);
        *out = (struct bytes){(uint8_t *)arena_copy(arena, text, (size_t)len), (size_t)len};
    }
    BIO_free(memory);
    return done;
}

static enum exit_code read_certificate(
    const struct invocation *invocation, const char *path, struct arena *arena, struct bytes *out)
{
    *out = (struct bytes){nothing, 0};
    if (strcmp(path, "none") == 0)
        return EXIT_DONE;
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    bool done = certificate && write_pem(certificate, arena, out);
    X509_free(certificate);
    if (file)
        fclose(file);
    return done ? EXIT_DONE : cli_fail(invocation, EXIT_REFUSED, "%.200s holds no PEM certificate", path);
}

/* One of two words. False: the complaint was printed. */
static bool read_choice(const struct invocation *invocation, const char *option, const char *word,
    const char *no, const char *yes, enum registry_choice *out)
{
    if (!word)
        return true;
    *out = strcmp(word, yes) == 0 ? REGISTRY_YES : strcmp(word, no) == 0 ? REGISTRY_NO : REGISTRY_AS_IS;
    if (*out == REGISTRY_AS_IS)
        cli_fail(invocation, EXIT_USAGE, "%s: \"%.60s\" is neither %s nor %s", option, word, yes, no);
    return *out != REGISTRY_AS_IS;
}

/* What the public is told. */
static enum exit_code read_public(const struct invocation *invocation, const struct trust_words *words,
    struct arena *arena, struct registry_trust *out)
{
    struct geo_point office;
    if (words->kind && !registry_agency_kind_valid(words->kind))
        return cli_fail(invocation, EXIT_USAGE,
            "--kind: police, sheriff, fire, medical, emergency_management, weather, transport or other");
    if (words->office && !cli_point(invocation, "--at", words->office, &office))
        return EXIT_USAGE;
    if (words->since && !cli_time(invocation, "--since", words->since, &out->partner_since))
        return EXIT_USAGE;
    out->kind = words->kind;
    out->office = words->office ? arena_printf(arena, "%.6f,%.6f", office.lat, office.lon) : NULL;
    return EXIT_DONE;
}

enum exit_code trust_read(const struct invocation *invocation, const struct trust_words *words,
    struct arena *arena, struct registry_trust *out, bool *given)
{
    enum exit_code code = EXIT_DONE;
    *out = (struct registry_trust){0};
    *given = words->jurisdiction || words->certificate || words->must_sign || words->second_officer ||
             words->cap_reading || words->drill || words->kind || words->office || words->since;
    if (!read_choice(invocation, "--must-sign", words->must_sign, "no", "yes", &out->must_sign) ||
        !read_choice(invocation, "--drill", words->drill, "yes", "no", &out->no_drill) ||
        !read_choice(invocation, "--second-officer", words->second_officer, "yes", "no", &out->no_approval) ||
        !read_choice(
            invocation, "--cap-reading", words->cap_reading, "tolerant", "forgiving", &out->forgiving))
        return EXIT_USAGE;
    code = read_public(invocation, words, arena, out);
    if (code == EXIT_DONE && words->jurisdiction)
        code = read_jurisdiction(invocation, words->jurisdiction, arena, &out->jurisdiction);
    if (code == EXIT_DONE && words->certificate)
        code = read_certificate(invocation, words->certificate, arena, &out->certificate);
    return code;
}
