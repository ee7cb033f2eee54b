/* What every part of the configuration file is read with. A name that is not known is refused, so that a slip
 * of the pen does not share less or more than was meant. */
#ifndef NEIGHBORS_CLIENT_SETTING_H
#define NEIGHBORS_CLIENT_SETTING_H

#include <libconfig.h>
#include <stdbool.h>

/* Tells on standard error what must be. Always false. */
bool setting_refuse(const char *where, const char *rule);
/* Takes a copy in place of what was there. */
void setting_set(char **text, const char *value);
/* A secret from a file, without the line's end. */
bool setting_secret(char **secret, const char *file) __attribute__((warn_unused_result));
/* The same, with the setting's file and line. Always false. */
bool setting_wrong(const config_setting_t *setting, const char *rule);
/* The same about a member of a group, which need not be there. */
bool setting_wrong_in(const config_setting_t *group, const char *name, const char *rule);
/* Whether it is a group that has none but these members (ended by NULL); told when not. */
bool setting_only_knows(const config_setting_t *group, const char *const *names)
    __attribute__((warn_unused_result));
/* The text of a member, which lives as long as the group; NULL: there is none. */
const char *setting_text(const config_setting_t *group, const char *name);
/* The same into *out (setting_set), which stays as it is when there is none. */
void setting_copy_text(const config_setting_t *group, const char *name, char **out);
/* Where a broker is, and what is shown there. All owned; NULL: none. */
struct endpoint {
    char *host, *username, *password;
    char *ca, *cert, *key; /* files; ca NULL: without TLS */
    int port;
};
/* Reads host, port, ca, cert, key, username, password_file or token_file. group NULL: it stays as it is. */
bool setting_endpoint(const config_setting_t *group, struct endpoint *endpoint)
    __attribute__((warn_unused_result));
void endpoint_free(struct endpoint *endpoint);

/* Opens a file; false: what is wrong was told. To be destroyed in any case. */
bool setting_open(config_t *config, const char *file) __attribute__((warn_unused_result));

#endif
