/* What is to be forgotten, at work: between the files bridge/store_forget*.c alone. The plan stands in Redis
 * (scripts/forget.lua) and is read anew for each step; what is here may be lost at any moment. */
#ifndef NEIGHBORS_BRIDGE_STORE_FORGET_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_FORGET_INSIDE_H

#include "bridge/store_forget.h"
#include "bridge/store_inside.h"
#include "proto/arena.h"

/* In this order; the numbers are in Redis. */
enum forget_stage {
    FORGET_PLAN = 1, /* who goes, and the numbers of the devices */
    FORGET_MEMBERS,  /* everybody who goes, so that nothing comes behind what is deleted */
    FORGET_REGIONS,  /* what came, a region's tag after the other */
    FORGET_SENDERS,  /* what was said and shared, a sender's tag after the other */
    FORGET_HOME,     /* what is left of members and household */
    FORGET_DISK,     /* the files are rewritten, the receipt goes out */
};

/* A step of the first work in the queue, as its plan stood when the step began. Owned by the step. */
struct forgetting {
    struct store *store;
    struct arena arena;
    int64_t number;
    enum forget_stage stage;
    unsigned at; /* the tag that is next */
    struct text household, name, ticket;
    struct session_name by;
    struct text devices, numbers, members; /* words, each followed by a blank */
    struct text sessions;                  /* "<role>/<id>/<client>", each after its length in two bytes */
    int64_t from, to, asked;
    bool alerts, account, enrolment;
    uint64_t events, ended;
    uint32_t principals;

    unsigned under_way; /* calls */
    bool failed;        /* one of them did */
    void *step;         /* the stage's own, in the arena */
    struct {            /* by the stage of the plan */
        struct buffer numbers, members, sessions;
        uint32_t principals;
    } found;
};

/* How far the work is when a step is over. */
struct forget_progress {
    enum forget_stage stage;
    unsigned at;
    uint64_t events, ended;      /* gone by this step */
    const struct command *known; /* pairs of what became known, encoded; NULL: nothing */
    size_t known_words;
};
/* The step is over, and frees the work: with that progress the next one begins at once; without it the same
 * step comes again, after the pause, in seconds. */
void forget_go_on(struct forgetting *work, const struct forget_progress *progress);
void forget_again(struct forgetting *work, double pause);
/* One of the step's calls was answered. True: it was the last one, and none failed; when one did, the step is
 * over. */
bool forget_answered(struct forgetting *work, enum store_status status) __attribute__((warn_unused_result));

/* The next of words parted by blanks; false: there is none. */
bool forget_word(struct text *words, struct text *word) __attribute__((warn_unused_result));
/* "nb:{h:<household>}:<part>" and "nb:{p:<principal>}:<part>", in the arena. */
const char *forget_home_key(struct forgetting *work, const char *part);
const char *forget_principal_key(struct forgetting *work, struct text principal, const char *part);

/* The stages. */
void forget_plan(struct forgetting *work);    /* store_forget_members.c */
void forget_members(struct forgetting *work); /* likewise */
void forget_home(struct forgetting *work);    /* likewise */
void forget_regions(struct forgetting *work); /* store_forget_tags.c */
void forget_senders(struct forgetting *work); /* likewise */
void forget_disk(struct forgetting *work);    /* store_forget_disk.c */
/* What the disk stage keeps between its steps. */
void forget_disk_free(struct store *store);

/* How far the files of one run of one Redis are. */
enum disk_stage { DISK_LOG, DISK_LOG_ORDERED, DISK_SNAPSHOT, DISK_SNAPSHOT_ORDERED, DISK_DONE };
enum { FORGET_RUN_ID = 48 };
struct forget_disk {
    struct forget_disk *next; /* of all masters */
    int64_t number;           /* of the work for which its files are rewritten */
    int64_t from;             /* how far a master had come when it was looked at first: behind all of it */
    char run_id[FORGET_RUN_ID];
    enum disk_stage stage;
};
/* What INFO says ("server", "persistence") moves it on: the command that is next, and the stage when that was
 * taken; NULL: nothing now. */
const char *forget_disk_next(struct forget_disk *disk, struct text info, enum disk_stage *ordered);

/* The replicas that the master's INFO ("replication") names, which have all up to `from` and whose files are
 * rewritten then: true when there is nothing left to do, or nobody but the operator knows them (one Redis). A
 * look that orders what is next. store_forget_replicas.c */
bool forget_replicas(
    struct store *store, int64_t number, int64_t from, struct text info, const struct endpoint *master);
void forget_replicas_free(struct store *store);

/* The receipt; then the work leaves the queue. */
void forget_tell(struct forgetting *work); /* store_forget.c */

#endif
