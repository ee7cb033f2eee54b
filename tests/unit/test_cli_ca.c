/* `neighbors ca init`: an installation's keys and certificates, made once. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/cli_case.h"

static bool names_host(const char *path, const char *host, bool address)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    bool found = (address ? X509_check_ip_asc(certificate, host, 0)
                          : X509_check_host(certificate, host, 0, 0, NULL)) == 1;
    X509_free(certificate);
    return found;
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return certificate;
}

static void assert_chain(const char *authority_path, const char *server_path)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    X509 *authority = read_certificate(authority_path), *server = read_certificate(server_path);
    X509_STORE_add_cert(trusted, authority);
    X509_STORE_CTX_init(check, trusted, server, NULL);
    X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER);
    assert_int_equal(X509_verify_cert(check), 1);
    X509_STORE_CTX_free(check);
    X509_STORE_free(trusted);
    X509_free(authority);
    X509_free(server);
}

static void an_installation_s_keys_are_made_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"token.key", 0600}, {"token.pub", 0644}, {"broker.secret", 0600}, {"ca.key", 0600},
        {"ca.crt", 0644}, {"server.key", 0600}, {"server.crt", 0644}};
    char folder[64] = P_tmpdir "/neighbors-ca-XXXXXX";
    char arguments[128], output[OUTPUT], path[128], authority[128];
    struct stat status;
    assert_non_null(mkdtemp(folder));
    snprintf(arguments, sizeof arguments, "ca init --data %s --host broker.example,192.0.2.7", folder);
    assert_int_equal(run(arguments, output), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/keys/%s", folder, files[i].name);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, files[i].mode);
    }
    assert_true(names_host(path, "localhost", false));
    assert_true(names_host(path, "broker.example", false));
    assert_false(names_host(path, "other.example", false));
    assert_true(names_host(path, "127.0.0.1", true));
    assert_true(names_host(path, "::1", true));
    assert_true(names_host(path, "192.0.2.7", true));
    snprintf(authority, sizeof authority, "%s/keys/ca.crt", folder);
    assert_chain(authority, path);

    assert_int_equal(run(arguments, output), 1);
    assert_non_null(strstr(output, "token.key exists already"));
    snprintf(path, sizeof path, "rm -r %s", folder);
    assert_int_equal(system(path), 0);
}

static void hosts_that_cannot_be_are_refused(void **state)
{
    (void)state;
    char output[OUTPUT];
    assert_int_equal(run("ca init --keys /nonexistent/keys --host 'a,DNS:b'", output), 2);
    assert_int_equal(run("ca init --keys /proc/none/keys", output), 1);
    assert_non_null(strstr(output, "cannot be made"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_installation_s_keys_are_made_once),
        cmocka_unit_test(hosts_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
