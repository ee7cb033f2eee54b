/* Keys of tokens, while the process runs. Files are looked at, not waited for: what an operator's tools do
 * (rename, write in place, change a link) looks the same from here. */
#include "broker/net/credentials.h"

#include <ev.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "bridge/token.h"
#include "broker/log.h"

#define LOOK_S 0.2

enum { OWN, PROVIDER, FILES };

/* What tells that a file is another one than before. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    mode_t mode;
    struct timespec modified, changed;
};

struct credentials {
    const struct settings *settings;
    struct token_trust *trust;
    struct broker *broker; /* NULL: not watching yet */
    struct ev_loop *loop;
    ev_timer look;
    struct stamp read[FILES], seen[FILES];
};

static struct token_sources sources_of(const struct settings *settings)
{
    return (struct token_sources){
        .own_keys = settings->token_public_key,
        .provider_keys = settings->openid_keys,
        .issuer = settings->openid_issuer,
        .audience = settings->openid_audience,
        .claim = settings->openid_claim,
        .prefix = settings->openid_prefix,
    };
}

/* ---- files ---- */

static struct stamp stamp_of(const char *path)
{
    struct stat about;
    struct stamp stamp = {0};
    if (*path && stat(path, &about) == 0) {
        stamp.device = about.st_dev;
        stamp.inode = about.st_ino;
        stamp.size = about.st_size;
        stamp.mode = about.st_mode;
        stamp.modified = about.st_mtim;
        stamp.changed = about.st_ctim;
    }
    return stamp;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mode == b->mode &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

static bool same_stamps(const struct stamp a[FILES], const struct stamp b[FILES])
{
    return same_stamp(&a[OWN], &b[OWN]) && same_stamp(&a[PROVIDER], &b[PROVIDER]);
}

static void take_stamps(const struct credentials *credentials, struct stamp out[FILES])
{
    out[OWN] = stamp_of(credentials->settings->token_public_key);
    out[PROVIDER] = stamp_of(credentials->settings->openid_keys);
}

void credentials_reload(struct credentials *credentials)
{
    char error[TOKEN_ERROR];
    struct token_sources sources = sources_of(credentials->settings);
    take_stamps(credentials, credentials->read); /* before, so that what changes meanwhile is seen */
    struct token_trust *fresh = token_trust_load(&sources, error);
    if (!fresh) {
        log_line(LOG_LEVEL_ERROR, "token_keys", "why=\"%s; the former keys stay\"", error);
        return;
    }
    token_trust_free(credentials->trust);
    credentials->trust = fresh;
    log_line(LOG_LEVEL_INFO, "token_keys", "done=\"read anew\"");
    if (credentials->broker) {
        broker_recheck(credentials->broker);
    }
}

/* A file that is still being written is left alone until it looks twice the same. */
static void look(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct credentials *credentials = timer->data;
    struct stamp now[FILES];
    take_stamps(credentials, now);
    bool still = same_stamps(now, credentials->seen);
    memcpy(credentials->seen, now, sizeof(now));
    if (still && !same_stamps(now, credentials->read)) {
        credentials_reload(credentials);
    }
}

/* ---- from begin to end ---- */

struct credentials *credentials_new(const struct settings *settings, char error[SETTING_ERROR])
{
    char why[TOKEN_ERROR];
    struct token_sources sources = sources_of(settings);
    struct credentials *credentials = calloc(1, sizeof(*credentials));
    if (!credentials) {
        abort();
    }
    credentials->settings = settings;
    take_stamps(credentials, credentials->read);
    memcpy(credentials->seen, credentials->read, sizeof(credentials->read));
    credentials->trust = token_trust_load(&sources, why);
    if (!credentials->trust) {
        snprintf(error, SETTING_ERROR, "%s", why);
        free(credentials);
        return NULL;
    }
    return credentials;
}

void credentials_watch(struct credentials *credentials, struct ev_loop *loop, struct broker *broker)
{
    credentials->broker = broker;
    credentials->loop = loop;
    ev_timer_init(&credentials->look, look, LOOK_S, LOOK_S);
    credentials->look.data = credentials;
    ev_timer_start(loop, &credentials->look);
}

void credentials_free(struct credentials *credentials)
{
    if (!credentials) {
        return;
    }
    if (credentials->loop) {
        ev_timer_stop(credentials->loop, &credentials->look);
    }
    token_trust_free(credentials->trust);
    free(credentials);
}

/* ---- tokens ---- */

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A user of a provider need not know the id that was made of its claim. */
static bool is_of(const struct token_claims *claims, struct text username)
{
    return text_equal(username, text_of(claims->subject)) ||
           (claims->of_provider && text_equal(username, TEXT("openid")));
}

bool credentials_check(
    void *arg, struct text username, struct bytes password, struct credential *out, const char **why)
{
    const struct credentials *credentials = arg;
    struct token_claims claims;
    if (!token_check(credentials->trust, password, wall_clock_ms(), &claims, why)) {
        return false;
    }
    if (username.data && !is_of(&claims, username)) {
        *why = "the user name is not the token's subject";
        return false;
    }
    *out = (struct credential){
        .issued_at = claims.issued_at,
        .expires_at = claims.expires_at,
        .key = claims.key,
        .may_join = claims.of_provider && credentials->settings->openid_enroll,
    };
    snprintf(out->name, sizeof(out->name), "%s", claims.subject);
    snprintf(out->officer, sizeof(out->officer), "%s", claims.officer);
    snprintf(out->instance, sizeof(out->instance), "%s", claims.instance);
    return true;
}

bool credentials_stand(void *arg, uint64_t key)
{
    const struct credentials *credentials = arg;
    return token_trust_has(credentials->trust, key);
}
