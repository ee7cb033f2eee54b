/* Enrols many, as `neighbors enroll` does (bridge/registry.h), for a registry of the size that a bench wants:
 * lines
 * "<role> <id> <household> <geohash>" in. Several workers talk to Redis at once, each about its part of the
 * lines. Households are verified since a month, devices share every kind. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bridge/registry.h"
#include "bridge/secret_file.h"

enum { ALL_KINDS = 254, LINE = 256, WORKERS_MOST = 64 };
static const int64_t month_ms = 30LL * 24 * 3600 * 1000;

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool enroll(struct redis_sync *redis, const struct place_key *places, const char *line)
{
    char role[16], id[REGISTRY_ID + 1], household[REGISTRY_ID + 1], place[PLACE_GEOHASH + 1];
    struct enrolled out;
    if (sscanf(line, "%15s %64s %64s %12s", role, id, household, place) != 4)
        return false;
    const struct enrolment one = {.role = role,
        .id = id,
        .household = household,
        .place = place,
        .share_given = true,
        .share = ALL_KINDS,
        .verified = wall_ms() - month_ms,
        .now = wall_ms()};
    if (registry_enroll(redis, places, &one, &out) == REGISTRY_OK)
        return true;
    fprintf(stderr, "bench_enroll: %s/%s: %s\n", role, id, redis->error);
    return false;
}

/* What a worker is given comes through a pipe that is its standard input. */
static int work(const char *url, const uint8_t *secret)
{
    struct place_key *places = place_key_new(secret);
    struct redis_sync redis;
    char line[LINE];
    bool good = redis_sync_open(&redis, url);
    if (!good)
        fprintf(stderr, "bench_enroll: %s\n", redis.error);
    while (good && fgets(line, sizeof line, stdin))
        good = enroll(&redis, places, line);
    redis_sync_close(&redis);
    place_key_free(places);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static FILE *start(const char *url, const uint8_t *secret)
{
    int ends[2];
    if (pipe(ends) < 0)
        return NULL;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], STDIN_FILENO);
        for (int fd = STDERR_FILENO + 1; fd <= ends[1] + WORKERS_MOST; fd++)
            close(fd); /* the other workers' pipes end when the parent closes them */
        exit(work(url, secret));
    }
    close(ends[0]);
    return pid < 0 ? NULL : fdopen(ends[1], "w");
}

int main(int count, char **arguments)
{
    uint8_t secret[SECRET_BYTES];
    char line[LINE];
    FILE *workers[WORKERS_MOST];
    int number = count == 4 ? atoi(arguments[3]) : 0, status, failed = 0;
    const char *rule = number < 1 || number > WORKERS_MOST ? "REDIS-URL SECRET-FILE WORKERS"
                                                           : secret_file_read(arguments[2], secret);
    if (rule) {
        fprintf(stderr, "bench_enroll: %s\n", rule);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < number; i++)
        if (!(workers[i] = start(arguments[1], secret)))
            abort();
    for (long n = 0; fgets(line, sizeof line, stdin); n++)
        fputs(line, workers[n % number]);
    for (int i = 0; i < number; i++)
        fclose(workers[i]);
    while (wait(&status) > 0)
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
