/* What a run found, as one JSON object. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/load/load.h"

/* Microseconds of user and system time that a process has used, all its threads; 0 when it is gone. */
static double time_of(int pid)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

struct processor_time processor_time(const struct load *load)
{
    struct processor_time out = {0};
    struct rusage own;

    getrusage(RUSAGE_SELF, &own);
    out.own = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1e6 +
              (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec);
    for (int i = 0; i < load->options.watched_count; i++)
        out.watched[i] = time_of(load->options.watched[i].pid);
    return out;
}

/* Of all acknowledged events: how many never came to all followers, how many came more than once. */
static void print_holes(const struct load *load)
{
    uint64_t missing = 0, repeated = 0;
    uint8_t copies = (uint8_t)load->options.followers;

    for (uint32_t tag = 0; tag < TAG_COUNT && load->options.followers && load->options.followers < 255;
         tag++) {
        if (load->tags.acknowledged[tag] && load->tags.delivered[tag] < copies)
            missing += (uint64_t)(copies - load->tags.delivered[tag]);
        if (load->tags.delivered[tag] > copies)
            repeated += (uint64_t)(load->tags.delivered[tag] - copies);
    }
    printf(",\"missing\":%llu,\"repeated\":%llu", (unsigned long long)missing, (unsigned long long)repeated);
}

static void print_tally(const struct load *load, double seconds)
{
    const struct tally *measured = &load->measured;
    double copies = load->options.followers > 0 ? (double)load->options.followers : 1;
    uint64_t items = 0;

    for (long i = 0; i < load->follower_links; i++)
        items += load->followers[i].received;
    printf("\"seconds\":%.3f,\"sent\":%llu,\"acknowledged\":%llu,\"refused\":%llu,\"delivered\":%llu,"
           "\"unknown\":%llu,\"lost_connections\":%zu,\"item_bytes\":%.1f,"
           "\"acknowledged_per_s\":%.1f,\"delivered_per_s\":%.1f",
        seconds, (unsigned long long)load->all.sent, (unsigned long long)load->all.acknowledged,
        (unsigned long long)load->all.refused, (unsigned long long)load->all.delivered,
        (unsigned long long)load->unknown, load->loop.lost,
        items ? (double)load->all.delivered_bytes / (double)items : 0.0,
        (double)measured->acknowledged / seconds, (double)measured->delivered / copies / seconds);
}

void load_report(const struct load *load, double seconds, const struct processor_time *used)
{
    double events = (double)(load->measured.acknowledged ? load->measured.acknowledged : load->measured.sent);

    printf("{");
    print_tally(load, seconds > 0 ? seconds : 1);
    if (!load->options.fanout)
        print_holes(load);
    printf(",\"acknowledge_us\":");
    histogram_print(&load->acknowledge_latency, stdout);
    printf(",\"follow_us\":");
    histogram_print(&load->follow_latency, stdout);
    printf(",\"cpu_us_per_event\":{\"load\":%.3f", events > 0 ? used->own / events : 0);
    for (int i = 0; i < load->options.watched_count; i++)
        printf(",\"%s\":%.3f", load->options.watched[i].name, events > 0 ? used->watched[i] / events : 0);
    printf("}}\n");
    fflush(stdout);
}
