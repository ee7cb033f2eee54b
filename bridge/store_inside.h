/* What the files of the Redis store share among themselves. Of it the blocking conversation
 * (bridge/redis_route.h) and what is done over one take commands, keys and replies; nobody else includes
 * this.
 *
 * The life of a call: a store_ function builds a command in a struct buffer and hands it to store_send; it
 * waits in the store's list until Redis has answered it, over as many connections as that takes; then its
 * call_answer turns the reply into what store.h promises. */
#ifndef NEIGHBORS_BRIDGE_STORE_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_INSIDE_H

#include "bridge/store_node.h"
#include "bridge/store_redis.h"

/* ---- store_buffer.c: bytes that grow, commands, packed values ------------------------------------ */

struct buffer {
    uint8_t *data;
    size_t len, room;
};
/* All of them end the process when memory is out. Packed numbers are big-endian. */
void buffer_put(struct buffer *b, const void *data, size_t len);
void buffer_number(struct buffer *b, uint64_t value, int bytes);
/* Two bytes of length, then the bytes; len below 65,536. */
void buffer_sized(struct buffer *b, const void *data, size_t len);
void buffer_free(struct buffer *b);

/* reply is what Redis said, never an error. */
typedef void command_count(struct store *store, uint64_t number, const redisReply *reply);

/* A command for Redis, or a piece of one. */
struct command {
    struct buffer bytes;
    size_t keys_left; /* of a function, before its guard */
    bool routed;      /* it has a key; the slot of a cluster that this key lies in: */
    uint16_t slot;
    /* For the builder to set: it need not keep its place among the calls of its slot; it writes nothing. */
    bool any_order, reads;
    /* What is counted of the answer, whoever hears it: also when upkeep gave the call up and it was done
     * late. NULL: nothing. */
    command_count *count;
    uint64_t number; /* for it */
    /* Of several in one (bridge/redis_sync.c): how many answers, 0: one; it may not be done twice. */
    size_t answers;
    bool once;
};
/* A Redis command of so many arguments, its name included; then each argument. The first that begins with
 * "nb:{" is the key that says where in a cluster the command goes. */
void command_begin(struct command *command, size_t arguments);
void command_bytes(struct command *command, const void *data, size_t len);
void command_text(struct command *command, const char *text);
void command_view(struct command *command, struct text text);
void command_number(struct command *command, int64_t value);
/* "FCALL function keys …": the keys, at least one, and the arguments follow. Behind the keys a guard is put,
 * a key that never exists: so a cluster runs no function in a slot that is moving, where a part of what it
 * needs may be gone already. (The slot is busy for the moment; the call is sent again.) */
void command_function(struct command *command, const char *function, size_t keys, size_t arguments);
/* Joins the piece to the command. */
void command_join(struct command *command, const struct command *piece);
void command_free(struct command *command);
/* Redis Cluster's slot of a key, below 16,384 (cluster specification, "Key distribution model"). */
uint16_t key_slot(const void *key, size_t len);

void *store_alloc(size_t size); /* zeroed, never NULL */
uint64_t packed_number(const uint8_t *data, int bytes);

/* ---- store_names.c: keys --------------------------------------------------------------------------- */

enum { KEY = 224, ID_BYTES = PUBLIC_ID / 2 };
/* The tag of the geohash's region, below STORE_REGION_TAGS. */
uint8_t region_tag(const char *geohash);
/* "nb:{rXX}:<part>"; the length. */
int region_tag_key(char out[KEY], unsigned tag, const char *part);
/* "nb:{rXX}:<part><rest>" by the tag of the geohash's region; the length. rest must be shorter than 160
 * bytes. */
int region_key(char out[KEY], const char *geohash, const char *part, struct text rest);
/* "nb:{sXX}:<part><rest>". */
int sender_key(char out[KEY], unsigned tag, const char *part, const char *rest);
/* "nb:{p:<principal>}:<part><client>" replaces what is in the buffer. */
void session_key(struct buffer *out, struct session_name name, const char *part);
/* "nb:{h:<household>}:<part>" likewise. */
void household_key(struct buffer *out, struct text household, const char *part);
uint32_t hash_of(const void *data, size_t len);

/* True on one Redis: a call may touch keys of several tags, and names one of them. False in a cluster: all
 * keys of a call have one tag. */
bool store_spans_tags(const struct store *store);
/* Whether one call may have both keys. */
bool one_call(const struct store *store, const char *a, const char *b);
/* How many senders' tags one call goes to: all, or one. */
unsigned sender_tags_at_once(const struct store *store);
/* "nb:{sXX}:<part>" of so many tags from this one on, each an argument of the command. */
void command_sender_keys(struct command *command, unsigned tag, unsigned count, const char *part);

/* The sharded channel that tells a channel's entries, "nb:{tag}:feed:<channel>", behind what is in the
 * buffer. */
void feed_name(struct buffer *out, struct text channel);

/* The keys that a channel's name stands for. False when it is no channel's name. */
struct channel_keys {
    struct buffer stream, low, alerts; /* alerts empty: an inbox */
};
bool channel_keys(struct channel_keys *keys, struct text channel) __attribute__((warn_unused_result));
void channel_keys_free(struct channel_keys *keys);

/* ---- store_call.c, store_route.c: commands on their way (bridge/store_node.h) -------------------------- */

/* reply is NULL unless status is STORE_OK, and never an error. */
/* Takes the command's bytes. */
void store_send(struct store *store, struct command *command, call_answer *answer, void *arg);
/* A call whose answer is a status and nothing else; done may be NULL. */
void store_send_for_status(struct store *store, struct command *command, store_status_done *done, void *arg);
void calls_init(struct store *store);
void calls_fail(struct store *store, enum store_status status);
void calls_check_deadline(struct store *store);
void calls_free(struct store *store);
/* Whether what is asked from now on is upkeep's, until told otherwise; what it was. So is what answers to it
 * ask. In a cluster it is given up with FAILED, and may be carried out all the same, when its master has been
 * away for a second: so that work under one tag, which somebody takes up again, holds up no work under tags
 * of other masters (store_patience.c). What anybody waits for is never upkeep's. */
bool calls_are_upkeep(struct store *store, bool upkeep);
/* In seconds: so long it waits for a master that is away before it goes on without it. */
double upkeep_patience(const struct store *store);
/* True for errors that pass by themselves or with a new connection. */
bool error_passes(const char *error);

/* Seconds of a clock that only goes on, by which all is told here that is due or takes too long: the
 * machine's own time, and libev's with it, may be set forward and back by hours. Far from 0, which stands for
 * never. */
double store_clock(void);
/* The same for what a peer's silence is measured by: it stops while this process stands still. */
double store_awake(const struct store *store);
void store_ticked(struct store *store); /* each tick, before silence is judged */

/* ---- the others ------------------------------------------------------------------------------------- */

void motion_flush(struct store *store); /* store_motion.c */
void motion_free(struct store *store);
void release_work(struct store *store, int64_t now); /* store_release.c */
/* Activity that is on its way to the region may have to be released there. */
void release_expect(struct store *store, uint8_t region);
/* How long, in ms, a hash of what was published last is written to; it is kept as long again. */
int64_t cooldown_epoch(const struct store_redis_options *options);
void feeds_check(struct store *store); /* store_feed.c */
void feeds_stop(struct store *store);
/* That of a node that is a master no more. */
void feed_free(struct node *node);
/* Who is a master, or which slots one has, changed. */
void feeds_masters_changed(struct store *store);
/* A sweep over all outboxes is complete that began at `began`: the oldest entry then not served waits since
 * `oldest`, 0 when there is none. Behind it store_as_of goes on. */
void feed_swept(struct store *store, int64_t began, int64_t oldest);
void follows_free(struct store *store);             /* store_follow.c */
void outbox_work(struct store *store, int64_t now); /* store_outbox.c */
/* Something changed about an alert under this tag. */
void outbox_told(struct store *store, unsigned tag);
/* Takes a piece of work as nb_take answers it to the channels. */
void outbox_carry(struct store *store, const redisReply *work); /* store_carry.c */
void trim_work(struct store *store);                            /* store_trim.c */
void trim_free(struct store *store);
void sequence_work(struct store *store, int64_t now); /* store_sequence.c */
void sequence_free(struct store *store);
void forget_work(struct store *store, int64_t now); /* store_forget.c */
void forget_free(struct store *store);
void footage_upkeep(struct store *store, int64_t now); /* store_footage_upkeep.c */

/* store_settle.c: brings the indexes in line with the household (settle.h). OK, FAILED or GONE; done may be
 * NULL. */
void store_settle(struct store *store, struct text household, store_status_done *done, void *arg);
/* The change of a household (a command that answers a status; taken), and what is settled after it: noted
 * before, so that it is settled whoever dies. The status of the change when that is not OK, else OK, FAILED
 * or GONE. */
void store_settle_change(
    struct store *store, struct text household, struct command *change, store_status_done *done, void *arg);
void settle_work(struct store *store); /* upkeep: what was noted and nobody finished */

/* store_alert.c: what nb_alert and its like are told of a message, and what they answer. */
enum { MESSAGE_ARGUMENTS = 25 };
/* Answers beside enum store_status: what is to be asked elsewhere first (scripts/neighbors.lua). */
enum { ANSWER_FORWARD = 100, ANSWER_JOIN, ANSWER_LATER };
void alert_put_message(const struct store *store, struct command *command, const struct store_alert *alert);
/* The outbox of the alert's tag, which was asked, is told. */
void alert_result_decode(struct store *store, struct store_alert_result *result, unsigned tag,
    enum store_status status, const redisReply *reply);

/* store_packet.c: QoS 2 packet ids, with their session and in the regions of their events
 * (scripts/packet.lua). */
/* "nb:{rXX}:q2:<principal>/<client>" behind what is in the buffer. */
void packet_region_key(struct buffer *out, uint8_t region, struct session_name name);
typedef void packet_noted(struct store *store, void *arg, enum store_status status, uint64_t born);
/* Notes with the session that the packet may be in the region. OK and the generation that began the session,
 * NOT_FOUND when it ended, FENCED, FAILED or GONE. */
void packet_note(struct store *store, struct session_name name, uint64_t generation, uint16_t packet_id,
    uint8_t region, packet_noted *done, void *arg);
typedef void packets_claimed(
    struct store *store, void *arg, enum store_status status, const uint16_t *stored, size_t count);
/* For an opened session: of `noted`, pairs of packet id and regions, those that are stored; whoever had the
 * session before can store and release none any more. FENCED when somebody newer opened it. */
void packets_claim(struct store *store, struct session_name name, uint64_t generation, uint64_t born,
    const redisReply *noted, packets_claimed *done, void *arg);

/* store_join.c */
void reports_retry(struct store *store);
void reports_free(struct store *store);

/* store_channel.c: reading replies. */
bool entry_decode(struct channel_entry *entry, char kind, struct text id, struct bytes data)
    __attribute__((warn_unused_result));
bool position_decode(struct position_in_channel *position, struct text id)
    __attribute__((warn_unused_result));
/* Asks nb_open; told: the last entry that the caller knows, or all 0. The answer to no channel's name decodes
 * as FAILED. */
void channel_ask_state(struct store *store, struct text channel, struct position_in_channel told,
    call_answer *answer, void *arg);
/* Fills state from the reply; *alerts is what state->alerts points to, to be freed. */
void channel_state_decode(struct channel_state *state, enum store_status status, const redisReply *reply,
    struct alert_notice **alerts);

/* store_reply.c: guarded looks into a reply; what is not there is 0 or empty. */
int64_t reply_number(const redisReply *reply);
struct bytes reply_bytes(const redisReply *reply);
struct text reply_text(const redisReply *reply);
const redisReply *reply_at(const redisReply *reply, size_t index);
size_t reply_count(const redisReply *reply);
/* What is behind the name, colon included, in an answer of INFO, to the end of its line; len 0: it is not
 * there. */
struct text info_value(struct text info, const char *name);
int64_t info_number(struct text info, const char *name); /* 0: it is not there */
/* For who needs an answer when the next one comes; freeReplyObject. */
redisReply *reply_copy(const redisReply *reply);
void hex_to_bytes(uint8_t *out, const char *hex, size_t bytes);
void bytes_to_hex(char *out, const uint8_t *data, size_t bytes);

void store_log(const struct store *store, int level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
enum { STORE_LOG_ERROR, STORE_LOG_WARNING, STORE_LOG_INFO };

/* The library of bridge/scripts. */
extern const char store_scripts_version[], store_scripts[];
extern const size_t store_scripts_size;

/* ---- the store ---------------------------------------------------------------------------------------- */

struct gate;
struct section;
struct report_call;
struct forget_disk;
struct trimmed;
enum { SECTION_SLOTS = 256 };

/* Motion that waits to be sent: of one region, or all of it (store_motion.c). */
struct motion_lane {
    struct section *first, *last;
    struct motion_lane *next; /* of those that something came to since the last flush */
    bool listed;
    unsigned in_flight;
};

struct store {
    struct ev_loop *loop;
    struct store_redis_options options;
    struct store_events events;
    struct store_counters counters;

    char *node; /* this process' name */
    struct redis_url where;
    ev_timer tick, soon;
    struct {
        double at, before; /* store_clock at the last tick; seconds that counted until then */
    } awake;
    ev_prepare before_poll;
    bool told_available, output;

    struct {
        struct node *all, **masters; /* every one that is or was it; those that are it now */
        size_t count;
        unsigned round;
        struct node **owners; /* by slot; NULL: the only master has all */
    } nodes;
    struct {
        struct link scout;
        struct endpoint hosts[REDIS_URL_HOSTS], *seen; /* of the address, and of the last answer */
        size_t seen_count, next;                       /* whose turn it is */
        struct endpoint *missing;                      /* of them, those that are held to be dead */
        bool asking, again;                            /* and is to be asked once more then */
        double asked, patience, troubled_until;
        double waits_since; /* store_awake when it was asked */
        unsigned answers;   /* in a row while something was wrong */
        uint64_t epoch;     /* the newest that was told */
        size_t older;       /* answers in a row that knew of none so new */
    } topology;
    struct {
        struct call_list homeless, later; /* no master has the slot; put back, until each is due */
        ev_timer again;
        struct gate **gates; /* of a cluster, by slot (store_route.c) */
        bool upkeep;         /* what is asked now is upkeep's */
        double looked;       /* by store_clock, for what is to be given up */
    } calls;
    char layout[24]; /* what nb:layout has to say */
    bool layout_fine;

    struct {
        struct motion_lane lanes[STORE_REGION_TAGS], *listed; /* one Redis: the first alone */
        struct section *slots[SECTION_SLOTS]; /* where the next event of the same kind may join */
    } motion;

    struct {
        bool changed; /* who is a master, or has which slots, since the last feeds_check */
    } feeds;

    struct {
        void *tree; /* struct follow by channel (tsearch) */
        uint32_t round;
        size_t away;     /* to be subscribed as soon as their feed works */
        size_t unproved; /* told once, not yet looked at since their feed was lost */
        int64_t as_of;
    } follows;

    struct {
        uint64_t told;      /* tags, a bit each, where something may wait */
        uint64_t asked;     /* that are asked and have not answered */
        double began;       /* store_clock at the round's beginning */
        unsigned carrying;  /* pieces of work not yet done */
        unsigned first_tag; /* whose turn it is to be served first */
        double poll_due;
        struct outbox_round {
            unsigned number;
            unsigned asked;   /* calls under way */
            bool corrections; /* it asks for them alone */
            bool sweep;       /* all tags are asked */
            bool failed;
            int room;              /* for so many more pieces */
            uint64_t more, others; /* tags that have more of what was asked for, and that have others */
            int64_t began, oldest; /* ms; oldest: since when an entry waits, 0: none does */
        } round;
    } outbox;
    struct {
        unsigned first_tag;                     /* whose turn it is to be served first */
        unsigned push_tag;                      /* likewise of notices to be pushed */
        double push_refused[STORE_SENDER_TAGS]; /* by store_clock, until when others have the lease */
        struct {
            bool asking;
            double due;
        } expiry[STORE_SENDER_TAGS]; /* by the first tag of a call */
    } upkeep;
    struct {
        struct release_region {
            bool expected; /* something may wait there */
            bool due;      /* to be asked in this round */
            bool deep;     /* more is due than one call takes */
            uint8_t asking;
            double taken_until; /* by store_clock: somebody else has the lease */
        } regions[STORE_REGION_TAGS];
        double round_due, sweep_due;
        unsigned in_flight, due, deep; /* how many calls, and how many regions of each kind */
        unsigned first;                /* whose turn it is */
    } release;
    struct {
        bool busy;                             /* a call is under way */
        double due;                            /* store_clock at the next step */
        unsigned round;                        /* of the masters */
        size_t node;                           /* the master whose keys are looked through, or were last */
        char cursor[24];                       /* of SCAN there; "0": it begins */
        double rests_until[STORE_REGION_TAGS]; /* by the master: nothing is to be done there before */
        struct trimmed *keys;                  /* that it found and that may have something to lose */
        unsigned asked;                        /* calls about them under way */
    } trim;
    struct {
        double due;
        unsigned tag;       /* whose turn it is */
        unsigned under_way; /* calls and households not yet done */
    } settle;
    struct sequence *sequence; /* of the public record; NULL before the first upkeep */
    struct {
        double due;
        bool asking;     /* whose turn it is */
        int64_t now;     /* as upkeep was told */
        bool working[2]; /* by enum footage_worker */
        unsigned tag[2]; /* that it is at */
        uint64_t tags[2],
            found[2];       /* a bit a tag: where something is due, as it was found, and as it is asked */
        unsigned under_way; /* calls that ask it */
    } footage;
    struct {
        bool busy;                 /* a step is under way */
        double due;                /* the next one */
        int64_t now;               /* as upkeep was told */
        int64_t told;              /* the work of which the log says that it takes long */
        struct forget_disk *disks; /* masters whose files are rewritten */
        struct forget_replica *replicas;
    } forget;
    struct report_call *late_reports; /* that wait for another one's alert to be there */
    bool ending;
};

#endif
