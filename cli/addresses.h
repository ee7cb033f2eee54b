/* Where the installation is that a command means, as its own settings say: the file of --config, else that
 * of ./run's folder, else /etc/neighbors/neighborsd.conf where it is there and no folder was named; and over
 * it the environment (NEIGHBORS_<SETTING>), as neighborsd reads them. */
#ifndef NEIGHBORS_CLI_ADDRESSES_H
#define NEIGHBORS_CLI_ADDRESSES_H

#include <stdbool.h>

enum { ADDRESS_TEXT = 512, ADDRESS_FAULT = 640 };

/* One address, and which setting of what says so. */
struct address {
    char text[ADDRESS_TEXT]; /* "": the settings do not say */
    char from[ADDRESS_TEXT]; /* "http_port of /etc/neighbors/neighborsd.conf" */
};

struct addresses {
    bool read;             /* a file was read, without fault */
    struct address broker; /* HOST:PORT of MQTT, with TLS when there is no other */
    int tls_port;
    struct address redis;      /* as redis_url */
    struct address http;       /* http://HOST:PORT or https://HOST:PORT */
    struct address portal;     /* public_url, else as http: where a browser finds the portal */
    struct address metrics;    /* http://HOST:PORT/metrics */
    char keys[ADDRESS_TEXT];   /* the folder of secret_file; "": no file was read */
    char fault[ADDRESS_FAULT]; /* why the settings cannot be used; "": none. Nothing else is filled then */
};

/* config: the file that was named, or NULL. data: the folder of ./run, and whether it was named. Where no
 * file is read, only what the environment says is filled. */
void addresses_find(const char *config, const char *data, bool data_named, struct addresses *out);

#endif
