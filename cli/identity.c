/* Tokens lie in files of their own, DIR/tokens/<role>-<id>.token, as ./run and `enroll --token-file` write
 * them. */
#include "cli/identity.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/base64url.h"

enum { PATH_TEXT = 600 };

static bool read_token(const char *path, char out[TOKEN_MOST + 1])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(out, 1, TOKEN_MOST, file);
    fclose(file);
    out[len] = '\0';
    out[strcspn(out, "\r\n \t")] = '\0';
    return *out != '\0';
}

/* "user/ann" and the folder make DIR/tokens/user-ann.token. */
static void path_of(const struct invocation *invocation, const char *name, char out[PATH_TEXT])
{
    char file[160];
    snprintf(file, sizeof file, "%s", name);
    char *slash = strchr(file, '/');
    if (slash)
        *slash = '-';
    snprintf(out, PATH_TEXT, "%.300s/tokens/%s.token", invocation->common.data, file);
}

/* A claim that is a text. The token is not checked here: the broker does. */
static bool claim_of(const char *token, const char *name, char *out, size_t size)
{
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    uint8_t json[TOKEN_MOST];
    size_t len;
    if (!second ||
        !base64url_decode((struct text){first + 1, (size_t)(second - first - 1)}, json, sizeof json, &len))
        return false;
    json_t *claims = json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES, NULL);
    const char *claim = json_string_value(json_object_get(claims, name));
    bool found = claim && strlen(claim) < size;
    if (found)
        strcpy(out, claim);
    json_decref(claims);
    return found;
}

/* Whom the token was made for. */
static bool subject_of(const char *token, char out[160])
{
    return claim_of(token, "sub", out, 160);
}

/* The first file of DIR/tokens that begins with "<role>-", by name. */
static bool first_of_role(const struct invocation *invocation, const char *role, struct identity *out)
{
    char folder[PATH_TEXT], path[PATH_TEXT + 300];
    struct dirent **list;
    size_t len = strlen(role) - 1;
    bool found = false;
    snprintf(folder, sizeof folder, "%.300s/tokens", invocation->common.data);
    int count = scandir(folder, &list, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        bool fits = strncmp(name, role, len) == 0 && name[len] == '-' && strstr(name, ".token");
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (!found && fits)
            found = read_token(path, out->token) && subject_of(out->token, out->name);
        free(list[i]);
    }
    if (count >= 0)
        free(list);
    return found;
}

static bool grant(const struct invocation *invocation, const char *wish, struct identity *out)
{
    char path[PATH_TEXT];
    if (wish[strlen(wish) - 1] == '/')
        return first_of_role(invocation, wish, out);
    path_of(invocation, wish, path);
    snprintf(out->name, sizeof out->name, "%s", wish);
    return read_token(path, out->token);
}

/* The certificate says who speaks, and its key proves it. */
static enum exit_code by_certificate(const struct invocation *invocation, struct identity *out)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%.500s.crt", invocation->common.tls_cert);
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    int len = certificate ? X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                out->name, sizeof out->name)
                          : -1;
    X509_free(certificate);
    out->token[0] = '\0';
    if (len < 1)
        return cli_fail(invocation, EXIT_REFUSED, "--tls-cert: %s holds no certificate of anybody", path);
    if (invocation->common.as && strcmp(invocation->common.as, out->name) != 0)
        return cli_fail(invocation, EXIT_REFUSED, "--as: %s is %s's certificate", path, out->name);
    return EXIT_DONE;
}

static enum exit_code find(
    const struct invocation *invocation, const char *const *wishes, struct identity *out)
{
    const struct common *common = &invocation->common;
    char path[PATH_TEXT] = "";
    if (common->tls_cert && !common->token_file)
        return by_certificate(invocation, out);
    if (common->as && (!strchr(common->as, '/') || strlen(common->as) >= sizeof out->name))
        return cli_fail(invocation, EXIT_USAGE, "--as has the form ROLE/ID, such as user/ann");
    if (common->as)
        path_of(invocation, common->as, path);
    if (common->token_file)
        snprintf(path, sizeof path, "%.500s", common->token_file);
    if (*path && !read_token(path, out->token))
        return cli_fail(invocation, EXIT_REFUSED,
            "there is no token in %s: --token-file says where it is; neighbors enroll hands one out", path);
    if (common->as) {
        snprintf(out->name, sizeof out->name, "%s", common->as);
        return EXIT_DONE;
    }
    if (*path)
        return subject_of(out->token, out->name)
                   ? EXIT_DONE
                   : cli_fail(invocation, EXIT_REFUSED, "%s holds no token", path);
    for (; *wishes; wishes++)
        if (grant(invocation, *wishes, out))
            return EXIT_DONE;
    return cli_fail(invocation, EXIT_USAGE,
        "say who speaks: --as ROLE/ID and --token-file FILE; %s/tokens has none", common->data);
}

enum exit_code identity_find(
    const struct invocation *invocation, const char *const *wishes, struct identity *out)
{
    out->client[0] = '\0';
    enum exit_code code = find(invocation, wishes, out);
    if (code == EXIT_DONE && !claim_of(out->token, "instance", out->client, sizeof out->client))
        out->client[0] = '\0';
    return code;
}
