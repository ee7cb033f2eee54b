/* The credentials that this process accepts: the tokens' keys, from files that are read again when they
 * change. */
#ifndef NEIGHBORS_BROKER_NET_CREDENTIALS_H
#define NEIGHBORS_BROKER_NET_CREDENTIALS_H

#include "broker/broker.h"
#include "broker/settings.h"

struct credentials;
struct ev_loop;

/* Reads the files that the settings name. settings are not owned, and are looked at again at each reload.
 * NULL: error names the setting, the file and what is wrong. */
struct credentials *credentials_new(const struct settings *settings, char error[SETTING_ERROR]);
void credentials_free(struct credentials *credentials);

/* Looks at the files a few times a second from now on; what changed, and stayed so for a moment, is read, and
 * the broker ends the connections whose key is gone. What cannot be read is logged, and the former keys stay.
 */
void credentials_watch(struct credentials *credentials, struct ev_loop *loop, struct broker *broker);
/* Reads them now, as after SIGHUP. */
void credentials_reload(struct credentials *credentials);

/* broker_options.check_token and credential_stands; arg is the credentials. */
bool credentials_check(
    void *arg, struct text username, struct bytes password, struct credential *out, const char **why);
bool credentials_stand(void *arg, uint64_t key);

#endif
