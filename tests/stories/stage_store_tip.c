/* The scripted store's tips and rewards: what was asked is told to the story, which says how it is answered.
 */
#include "bridge/store_tip.h"

#include "tests/stories/stage_store_inside.h"

void store_tip(struct store *store, const struct store_tip *tip, store_tip_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_TIP, arg, "%.*s %s %.*s", (int)tip->sender.len, tip->sender.data,
        tip->agency.len ? "to" : "goes on", (int)tip->agency.len, tip->agency.data);
    call->tip = done;
    memcpy(call->public_id, tip->conversation_id, PUBLIC_ID);
}

void store_reward(struct store *store, const struct store_reward *asked, store_reward_done *done, void *arg)
{
    (void)store;
    const struct reward *reward = asked->reward;
    struct call *call = stage_called(CALL_REWARD, arg, "%.*s %.*s %.*s stock=%u redeem=%u case=%.*s",
        (int)asked->agency.len, asked->agency.data, (int)asked->officer.len, asked->officer.data,
        (int)reward->programme.len, reward->programme.data, reward->stock, reward->redeem,
        (int)reward->case_number.len, reward->case_number.data);
    call->reward = done;
}

void store_desk(struct store *store, uint8_t agency_tag, struct text agency, struct text page, int64_t now,
    store_desk_done *done, void *arg)
{
    (void)store;
    (void)agency_tag;
    (void)now;
    struct call *call = stage_called(
        CALL_DESK, arg, "%.*s page=%.*s", (int)agency.len, agency.data, (int)page.len, page.data);
    call->desk = done;
}

/* A programme of rewards, and nothing else. */
void stage_answer_desk(struct call *call, enum store_status status)
{
    struct desk_programme programme = {.programme = TEXT("cameras"), .stock = 20, .given = 1};
    struct store_desk part = {.status = status, .programme_count = 1, .programmes = &programme};
    call->desk(call->arg, &part);
}

void stage_answer_tip(struct call *call, enum store_status status)
{
    struct store_tip_result result = {status, status == STORE_LIMITED ? 90500 : 0};
    call->tip(call->arg, &result);
}

void stage_answer_reward(struct call *call, enum store_status status)
{
    struct store_reward_result result = {.status = status, .left = 19, .number = 1};
    call->reward(call->arg, &result);
}
