/* neighbors-edge setup: from an invitation's code to an edge that runs. Everything that it asks can be told
 * by a flag. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/edge/commands.h"
#include "bridge/edge/setup/setup.h"
#include "bridge/owner/ask.h"

const char edge_usage_setup[] =
    "usage: neighbors-edge setup [flags]\n"
    "  --broker https://HOST[:PORT]  the neighborhood's broker\n"
    "  --code CODE                   the invitation, as whoever runs the broker gave it\n"
    "  --pin sha256//DIGEST          the broker's key, when it was given with the code\n"
    "  --ca FILE                     or the authority that its certificate is of\n"
    "  --local HOST[:PORT]           the home's MQTT broker (127.0.0.1)\n"
    "  --local-user NAME             who is let in there\n"
    "  --local-password-file FILE    and the password\n"
    "  --map NAME=PREFIX             a publisher with another prefix than its own; may be repeated\n"
    "  --listen SECONDS              how long devices are listened to (60)\n"
    "  --share SOURCE:KIND,KIND      shares of this device these kinds, or all; may be repeated\n"
    "  --neighbors-see               neighbors may see what is shared, not only whoever may ask for footage\n"
    "  --way-back                    the neighborhood's alerts and requests come into the home; "
    "--no-way-back: not\n"
    "  --out DIR                     where the files go (/etc/neighbors)\n"
    "  --spool FILE                  where events wait (/var/lib/neighbors-edge/spool.db)\n"
    "  --replace                     in place of a configuration that is there\n"
    "  --start                       starts the service; --no-start does not\n"
    "  --yes                         asks nothing: what no flag tells is left as it is\n";

enum { SHARES = SETUP_DEVICES, DEFAULT_LISTEN_S = 60, LISTEN_MOST = 3600, JOIN_TRIES = 3 };
enum wish { WISH_ASK, WISH_YES, WISH_NO };

struct wishes {
    const char *shares[SHARES];
    size_t share_count;
    int listen_s;
    bool neighbors_see, replace;
    enum wish start, way_back;
};

/* ---- flags ------------------------------------------------------------------------------------------------
 */

static const struct option options[] = {{"broker", required_argument, NULL, 'b'},
    {"code", required_argument, NULL, 'c'}, {"pin", required_argument, NULL, 'p'},
    {"ca", required_argument, NULL, 'a'}, {"local", required_argument, NULL, 'l'},
    {"local-user", required_argument, NULL, 'u'}, {"local-password-file", required_argument, NULL, 'w'},
    {"map", required_argument, NULL, 'm'}, {"listen", required_argument, NULL, 't'},
    {"share", required_argument, NULL, 's'}, {"neighbors-see", no_argument, NULL, 'n'},
    {"way-back", no_argument, NULL, 'B'}, {"no-way-back", no_argument, NULL, 'O'},
    {"out", required_argument, NULL, 'o'}, {"spool", required_argument, NULL, 'f'},
    {"replace", no_argument, NULL, 'r'}, {"start", no_argument, NULL, 'S'},
    {"no-start", no_argument, NULL, 'N'}, {"yes", no_argument, NULL, 'y'}, {NULL, 0, NULL, 0}};

static bool copy(const char *flag, const char *value, char *out, size_t room)
{
    return snprintf(out, room, "%s", value) < (int)room || setting_refuse(flag, "is too long");
}

static bool take_map(struct setup *setup, const char *flag)
{
    const char *equals = strchr(flag, '=');
    const struct edge_map *map = equals ? edge_map_of((struct text){flag, (size_t)(equals - flag)}) : NULL;
    if (!map || !equals[1])
        return setting_refuse(flag, "must be NAME=PREFIX; neighbors-edge maps lists the names");
    if (setup->choice_count == EDGE_MOST_MAPS)
        return setting_refuse(flag, "too many maps");
    setup->choices[setup->choice_count++] = (struct edge_choice){map, equals + 1};
    return true;
}

static bool take_listen(struct wishes *wishes, const char *flag)
{
    char *end;
    long seconds = strtol(flag, &end, 10);
    wishes->listen_s = (int)seconds;
    return (*flag && !*end && seconds >= 1 && seconds <= LISTEN_MOST) ||
           setting_refuse("--listen", "must be from 1 to 3600 seconds");
}

static unsigned read_kinds(const char *text)
{
    char words[SETUP_TEXT], *state;
    unsigned kinds = 0;
    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok_r(words, ", ", &state); word; word = strtok_r(NULL, ", ", &state)) {
        unsigned bits = edge_settings_kind_bits(word);
        if (!bits)
            return 0;
        kinds |= bits;
    }
    return kinds;
}

static bool take_share(struct wishes *wishes, const char *flag)
{
    const char *colon = strrchr(flag, ':');
    if (!colon || colon == flag || !read_kinds(colon + 1))
        return setting_refuse(flag, "must be SOURCE:KIND,KIND; kinds are motion, person, vehicle, "
                                    "animal, package, doorbell, sound, all");
    if (wishes->share_count == SHARES)
        return setting_refuse("--share", "too many");
    wishes->shares[wishes->share_count++] = flag;
    return true;
}

static bool take_flag(struct setup *setup, struct wishes *wishes, int flag)
{
    switch (flag) {
    case 'b':
        return copy("--broker", optarg, setup->broker, sizeof setup->broker);
    case 'c':
        return copy("--code", optarg, setup->code, sizeof setup->code);
    case 'p':
        return copy("--pin", optarg, setup->pin, sizeof setup->pin);
    case 'a':
        return copy("--ca", optarg, setup->ca, sizeof setup->ca);
    case 'l':
        return edge_settings_endpoint(&setup->local, optarg);
    case 'u':
        setting_set(&setup->local.username, optarg);
        return true;
    case 'w':
        return setting_secret(&setup->local.password, optarg);
    case 'm':
        return take_map(setup, optarg);
    case 't':
        return take_listen(wishes, optarg);
    case 's':
        return take_share(wishes, optarg);
    case 'n':
        return wishes->neighbors_see = true;
    case 'o':
        return copy("--out", optarg, setup->folder, sizeof setup->folder);
    case 'f':
        return copy("--spool", optarg, setup->spool, sizeof setup->spool);
    case 'r':
        return wishes->replace = true;
    case 'S':
    case 'N':
        wishes->start = flag == 'S' ? WISH_YES : WISH_NO;
        return true;
    case 'B':
    case 'O':
        wishes->way_back = flag == 'B' ? WISH_YES : WISH_NO;
        return true;
    default:
        ask_nobody();
        return true;
    }
}

static int take_flags(struct setup *setup, struct wishes *wishes, int argc, char **argv)
{
    optind = 0; /* glibc: begin anew */
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (flag == '?')
            return EDGE_USAGE;
        if (!take_flag(setup, wishes, flag))
            return EDGE_INVALID;
    }
    return optind == argc ? EDGE_DONE : EDGE_USAGE;
}

/* ---- what is shared
 * ---------------------------------------------------------------------------------------- */

static bool is_share_of(const char *share, const struct setup_device *device)
{
    size_t len = strlen(device->source);
    return strncmp(share, device->source, len) == 0 && strrchr(share, ':') == share + len;
}

/* What --share says of a device; 0: nothing. */
static unsigned wished(const struct wishes *wishes, const struct setup_device *device)
{
    for (size_t i = 0; i < wishes->share_count; i++)
        if (is_share_of(wishes->shares[i], device))
            return read_kinds(strrchr(wishes->shares[i], ':') + 1);
    return 0;
}

static unsigned ask_kinds(const struct setup_device *device)
{
    char question[SETUP_TEXT * 2], line[SETUP_TEXT];
    snprintf(question, sizeof question, "%s (%s): share which kinds? Enter for nothing.", device->source,
        device->map->name);
    for (;;) {
        ask_line(question, "", line, sizeof line);
        if (!line[0] || read_kinds(line))
            return read_kinds(line);
        printf("One or several of motion, person, vehicle, animal, package, doorbell, sound, or all.\n");
    }
}

static bool was_heard(const struct setup *setup, const char *share)
{
    for (size_t i = 0; i < setup->device_count; i++)
        if (is_share_of(share, &setup->devices[i]))
            return true;
    return false;
}

static size_t choose(struct setup *setup, const struct wishes *wishes)
{
    size_t shared = 0;
    if (ask_somebody() && setup->device_count && !wishes->share_count)
        printf("\nNothing leaves this house unless you name it here. Of each device you choose the kinds of "
               "event that go to\n"
               "the neighborhood's broker, such as: person,package. No picture, name, plate or zone ever "
               "goes there.\n");
    for (size_t i = 0; i < setup->device_count; i++) {
        struct setup_device *device = &setup->devices[i];
        device->kinds = wishes->share_count ? wished(wishes, device) : ask_kinds(device);
        shared += device->kinds != 0;
    }
    for (size_t w = 0; w < wishes->share_count; w++)
        if (!was_heard(setup, wishes->shares[w]))
            fprintf(stderr,
                "neighbors-edge: --share %s: no such device spoke; longer --listen, or move in front of it\n",
                wishes->shares[w]);
    return shared;
}

/* Which enrolled device each is: in the order in which they spoke. What the invitation has no room for stays
 * in the house; the code is used up, so that is no reason to end here. */
static void give_ids(struct setup *setup)
{
    size_t next = 0;
    for (size_t i = 0; i < setup->device_count; i++) {
        struct setup_device *device = &setup->devices[i];
        if (!device->kinds)
            continue;
        if (next < setup->joined.device_count)
            snprintf(device->id, sizeof device->id, "%s", setup->joined.devices[next++]);
        else
            fprintf(stderr,
                "neighbors-edge: %s is not shared: the invitation is for %zu; another one may be for more\n",
                device->source, setup->joined.device_count);
    }
}

/* ---- the end
 * ----------------------------------------------------------------------------------------------- */

/* False: there is no systemd here, or it refused. */
static bool start_service(void)
{
    struct stat about;
    if (stat("/run/systemd/system", &about) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        execlp("systemctl", "systemctl", "enable", "--now", "neighbors-edge", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool wants(enum wish wish, const char *question, bool otherwise)
{
    return wish == WISH_YES || (wish == WISH_ASK && ask_somebody() && ask_yes(question, otherwise));
}

static void begin_to_run(const struct setup *setup, const struct wishes *wishes)
{
    char path[2 * SETUP_TEXT];
    bool wanted = wants(wishes->start, "Start the edge now, and at each boot?", true);
    setup_path(setup, "neighbors-edge.conf", path);
    if (wanted && start_service())
        printf("The edge runs: systemctl status neighbors-edge\n");
    else
        printf("Run it with: neighbors-edge run --config %s\n", path);
}

static int write_and_tell(struct setup *setup, const struct wishes *wishes)
{
    char path[2 * SETUP_TEXT];
    setup->way_back = wants(wishes->way_back,
        "Bring the neighborhood's alerts, and requests for footage, into this home (Home Assistant finds "
        "them)?",
        true);
    if (!setup_write(setup))
        return EDGE_INVALID;
    printf("Written to %s.\n", setup->folder);
    if (!setup_try(setup)) {
        fprintf(stderr, "neighbors-edge: the neighborhood's broker does not let %s in\n", setup->joined.edge);
        return EDGE_UNREACHABLE;
    }
    printf("The neighborhood's broker lets %s in.\n", setup->joined.edge);
    bool see = wishes->neighbors_see;
    if (!see && ask_somebody())
        see = ask_yes(
            "May your neighbors see that something was there? They see its kind, the minute and a cell of "
            "about\n"
            "1 km, and only where enough households share. Without it, events are kept for you alone.",
            false);
    if (!setup_share(setup, see))
        return EDGE_UNREACHABLE;
    printf(see ? "Neighbors may see what you chose.\n" : "What you chose is kept for you alone.\n");
    setup_path(setup, "owner.token", path);
    printf(
        "Your portal is %s: sign in as %s with the token in %s.\n", setup->broker, setup->joined.user, path);
    begin_to_run(setup, wishes);
    return EDGE_DONE;
}

static void ask_invitation(struct setup *setup, bool broker, bool code)
{
    char former[SETUP_TEXT];
    snprintf(former, sizeof former, "%s", setup->broker);
    if (broker)
        ask_line(
            "The neighborhood's broker (https://HOST:PORT)?", former, setup->broker, sizeof setup->broker);
    if (code)
        ask_line("The code of your invitation?", "", setup->code, sizeof setup->code);
    if (!strstr(setup->broker, "://") && strlen(setup->broker) + 8 < sizeof setup->broker) {
        memmove(setup->broker + 8, setup->broker, strlen(setup->broker) + 1);
        memcpy(setup->broker, "https://", 8);
    }
}

/* A slip in the address or the code is asked about anew: the devices were listened to and chosen already. */
static int join(struct setup *setup)
{
    bool broker = !setup->broker[0], code = !setup->code[0];
    for (int tries = 1;; tries++) {
        ask_invitation(setup, broker, code);
        enum setup_answer answer = setup_join(setup);
        if (answer == SETUP_JOINED)
            return EDGE_DONE;
        if (answer == SETUP_FAILED || !ask_somebody() || tries == JOIN_TRIES)
            return answer == SETUP_NOT_REACHED ? EDGE_UNREACHABLE : EDGE_INVALID;
        code = answer == SETUP_REFUSED;
        broker = !code;
    }
}

static int set_up(struct setup *setup, const struct wishes *wishes)
{
    if (!setup_may_write(setup, wishes->replace))
        return EDGE_INVALID;
    if (!setup_listen(setup, wishes->listen_s))
        return EDGE_UNREACHABLE;
    if (setup->device_count == 0) {
        fprintf(stderr,
            "neighbors-edge: no camera or sensor spoke; neighbors-edge maps lists whom it understands\n");
        return EDGE_INVALID;
    }
    if (choose(setup, wishes) == 0) {
        printf("Nothing is shared, so there is nothing to set up.\n");
        return EDGE_INVALID;
    }
    int joined = join(setup);
    if (joined != EDGE_DONE)
        return joined;
    give_ids(setup);
    return write_and_tell(setup, wishes);
}

int edge_command_setup(int argc, char **argv)
{
    struct wishes wishes = {.listen_s = DEFAULT_LISTEN_S};
    struct setup setup = {
        .local.port = 1883, .folder = "/etc/neighbors", .spool = "/var/lib/neighbors-edge/spool.db"};
    setting_set(&setup.local.host, "127.0.0.1");
    setvbuf(stdout, NULL, _IOLBF, 0);
    int result = take_flags(&setup, &wishes, argc, argv);
    if (result == EDGE_DONE)
        result = set_up(&setup, &wishes);
    setup_joined_free(&setup.joined);
    endpoint_free(&setup.local);
    return result;
}
