/* One entry of a channel in memory, with its encoded items: made once, delivered to all. */
#ifndef NEIGHBORS_BROKER_SESSION_ENTRY_H
#define NEIGHBORS_BROKER_SESSION_ENTRY_H

#include "broker/session/alert_object.h"
#include "broker/session/output.h"

struct entry {
    struct position_in_channel position;
    enum entry_kind kind;
    uint32_t item_count;        /* 1 but for activity */
    bool notice_in_force;       /* ALERT: in force in this channel */
    struct alert_object *alert; /* ALERT */
    struct blob **payloads;     /* of all items and variants, encoded when first needed; or NULL */
    uint32_t data_len;
    uint8_t data[]; /* ACTIVITY, INBOX */
};

/* How an item is encoded. */
enum entry_telling {
    TELL_AS_IS,
    TELL_ENDED, /* an alert, as ended here */
    TELL_BARE,  /* the same, without text and place: what became of it, or what it said, is not for them */
    ENTRY_TELLINGS
};
struct entry_variant {
    bool json;
    enum entry_telling telling;
    size_t text; /* of an alert: in which of its languages (wishes_text) */
};

/* A copy of what the store told. Starts loading an alert. */
struct entry *entry_new(struct broker *broker, const struct channel_entry *from);
void entry_drop(struct broker *broker, struct entry *entry);
/* False while its alert is being loaded. */
bool entry_ready(const struct entry *entry);

/* An item of an ACTIVITY entry. */
struct activity_item {
    uint16_t leaf; /* the leaf cell's bits below the channel's */
    uint8_t kind, phase, confidence;
    int64_t at; /* ms, whole minutes */
};
struct activity_item entry_activity(const struct entry *entry, uint32_t item);
/* Writes the item as it is stored (bridge/store.h: ACTIVITY_RECORD bytes). */
void activity_record(const struct activity_item *item, uint8_t out[ACTIVITY_RECORD]);

/* The encoded FeedItem, or inbox payload, of an item; owned by the entry. */
struct blob *entry_payload(struct broker *broker, struct channel *channel, struct entry *entry, uint32_t item,
    struct entry_variant variant);
/* How the face by which an alert concerns somebody has it told. */
enum entry_telling alert_telling(const struct alert_object *alert, int face);
/* The alert as it is told; texts in the arena. */
struct alert entry_told_alert(
    const struct alert_object *object, const struct entry_variant *variant, struct arena *arena);
/* Lets go of the encodings. */
void entry_forget_payloads(struct entry *entry);

#endif
