/* neighbors-edge status: asks the edge that has a spool open how it is; of one that does not run it tells
 * what waits in the spool. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/client/clock.h"
#include "bridge/edge/commands.h"
#include "bridge/edge/status/report.h"
#include "bridge/edge/status/status_socket.h"

const char edge_usage_status[] =
    "usage: neighbors-edge status [--config FILE | --spool FILE] [--json]\n"
    "  --config FILE   of the edge; without it and --spool /etc/neighbors/neighbors-edge.conf\n"
    "  --spool FILE    where its events wait\n"
    "  --json          one object\n"
    "exit 0: healthy, 1: not, 3: there is no such spool\n";

enum { TRIES = 10, PAUSE_US = 300 * 1000 };

static const char default_config[] = "/etc/neighbors/neighbors-edge.conf";

static const struct option options[] = {{"config", required_argument, NULL, 'c'},
    {"spool", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};

struct question {
    const char *config;
    char *spool;
    bool json;
};

static bool read_flags(struct question *question, int argc, char **argv)
{
    optind = 0;
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (flag == 'c')
            question->config = optarg;
        else if (flag == 's')
            setting_set(&question->spool, optarg);
        else if (flag == 'j')
            question->json = true;
        else
            return false;
    }
    return optind == argc;
}

/* The report, to be freed; NULL: there is no such spool. An edge that just starts has it open before it
 * answers. */
static char *ask(const char *spool)
{
    struct spool_totals totals;
    for (int tries = 0; tries < TRIES; tries++) {
        char *report = status_socket_ask(spool);
        if (report == NULL && spool_tell_file(spool, &totals))
            report = report_stopped(spool, &totals, clock_wall());
        if (report || access(spool, F_OK) != 0)
            return report;
        usleep(PAUSE_US);
    }
    return NULL;
}

static enum edge_exit answer(const struct question *question)
{
    char *report = ask(question->spool);
    if (report == NULL) {
        fprintf(stderr, "neighbors-edge: %s: no edge answers there, and it cannot be read as a spool\n",
            question->spool);
        return EDGE_UNREACHABLE;
    }
    if (question->json)
        puts(report);
    else if (!report_print(report, clock_wall()))
        fprintf(stderr, "neighbors-edge: %s: the edge's answer is cut short\n", question->spool);
    enum edge_exit result = report_is_healthy(report) ? EDGE_DONE : EDGE_INVALID;
    free(report);
    return result;
}

int edge_command_status(int argc, char **argv)
{
    struct question question = {.config = default_config};
    enum edge_exit result;
    if (!read_flags(&question, argc, argv))
        result = EDGE_USAGE;
    else if (question.spool || edge_settings_spool_file(&question.spool, question.config))
        result = answer(&question);
    else
        result = EDGE_UNREACHABLE;
    free(question.spool);
    return result;
}
