/* An agency goes on with an alert of its own that another officer or program sent, whose own naming of it is
 * known to nobody here: it names the alert by its public id. Whose it is stands in the store. */
#include "bridge/seal.h"
#include "broker/kind/alert_job.h"

static void loaded(void *arg, const struct store_alert_record *record)
{
    struct publication *publication = arg;
    struct alert_job *job = alert_job(publication);

    job->looked_up = true;
    job->own =
        record->status == STORE_OK && text_equal(record->sender, text_of(publication->principal->name));
    if (record->status == STORE_OK || record->status == STORE_NOT_FOUND)
        pipeline_resume(publication);
    else
        pipeline_fail(publication);
}

enum step_result alert_named(struct publication *publication)
{
    const struct alert *alert = &publication->alert;
    uint8_t tag;

    if (alert->msg_type == MSG_ALERT || alert->reference_count || alert_job(publication)->own)
        return STEP_GO_ON;
    if (!of_agency(publication))
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "references", "required with UPDATE and CANCEL");
    if (alert_job(publication)->looked_up || !seal_tag_of(publication->broker->seal, alert->public_id, &tag))
        return publication_refuse(
            publication, REASON_OTHER, "public_id", "no alert of this agency has this public id");
    store_alert_load(publication->broker->store, tag,
        arena_copy(&publication->arena, alert->public_id.data, PUBLIC_ID), 0, loaded, publication);
    return STEP_WAIT;
}
