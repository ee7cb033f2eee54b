#include "tests/live/net_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_core.h"

struct net net;

static void set_path(char **setting, const char *file)
{
    free(*setting);
    assert_true(asprintf(setting, "%s/%s", net.directory, file) > 0);
}

static void write_text(const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", net.directory, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int start(int64_t connect_timeout_ms, int64_t http_idle_s)
{
    char portal[64];
    strcpy(net.directory, "/tmp/neighbors-net-XXXXXX");
    assert_non_null(mkdtemp(net.directory));
    snprintf(portal, sizeof(portal), "%s/portal", net.directory);
    assert_int_equal(mkdir(portal, 0700), 0);
    write_text("portal/index.html", "<p>the portal</p>");
    write_text("portal/.hidden.html", "hidden");
    write_text("secret.html", "a secret");
    make_certificate(net.directory, "server", "first");
    make_certificate(net.directory, "client", "user/ann");
    settings_default(&net.settings);
    net.settings.mqtt_port = client_port();
    net.settings.tls_port = client_port();
    net.settings.http_port = client_port();
    net.settings.metrics_port = client_port();
    net.settings.connect_timeout_ms = connect_timeout_ms;
    net.settings.http_idle_s = http_idle_s;
    net.settings.max_connections_per_address = NET_MOST_FROM_AN_ADDRESS;
    net.settings.accept_rate_per_address = 0;
    free(net.settings.tls_address);
    net.settings.tls_address = strdup("127.0.0.1");
    set_path(&net.settings.tls_certificate, "server.pem");
    set_path(&net.settings.tls_key, "server.key");
    set_path(&net.settings.tls_client_ca, "ca.pem");
    set_path(&net.settings.portal_directory, "portal");
    net.server = net_core_start(&net.settings);
    return 0;
}

int net_start(void **state)
{
    (void)state;
    return start(60000, 60);
}

int net_start_that_is_not_greeted(void **state)
{
    (void)state;
    return start(500, 60);
}

int net_start_that_is_idle(void **state)
{
    (void)state;
    return start(60000, 1);
}

int net_stop(void **state)
{
    (void)state;
    static const char *const files[] = {"server.pem", "server.key", "client.pem", "client.key", "ca.pem",
        "ca.key", "secret.html", "portal/index.html", "portal/.hidden.html", "portal"};
    net_core_stop(net.server);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", net.directory, files[i]);
        assert_int_equal(remove(path), 0);
    }
    settings_free(&net.settings);
    return rmdir(net.directory);
}

uint8_t *many_bytes(size_t len)
{
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 11));
    }
    return bytes;
}

void expect_text(int fd, const char *text)
{
    char got[256];
    client_receive(fd, got, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

int64_t net_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void expect_metric(const char *name, int64_t value)
{
    int64_t last = -1, deadline = net_seconds() + CLIENT_PATIENCE_S;
    while (last != value && net_seconds() < deadline) {
        last = client_metric(net.settings.metrics_port, name);
    }
    assert_int_equal(last, value);
}
