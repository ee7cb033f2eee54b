/* Where an alert is: snapped to its leaf cell when it is a resident's, inside the jurisdiction when it is an
 * agency's; the channels that it goes to. */
#include "broker/jurisdiction.h"
#include "broker/kind/alert_job.h"
#include "broker/session/alert_object.h"

void alert_snap(struct alert *alert, int leaf_precision)
{
    struct geo_point point = {alert->place.center.lat_e7 / 1e7, alert->place.center.lon_e7 / 1e7};
    geo_cell leaf;

    if (geo_encode(point, leaf_precision, &leaf) != GEO_OK)
        return;
    point = geo_center(leaf);
    alert->place.center.lat_e7 = (int32_t)(point.lat * 1e7 + (point.lat < 0 ? -0.5 : 0.5));
    alert->place.center.lon_e7 = (int32_t)(point.lon * 1e7 + (point.lon < 0 ? -0.5 : 0.5));
}

static const struct geo_prepared *prepare(const struct geo_shape *shape, struct arena *arena)
{
    size_t size = geo_prepared_size(shape);

    return geo_prepare(shape, arena_take(arena, size), size);
}

/* The channels that the alert is appended to: of the finest precision at which they are few enough. */
static bool cover(struct alert_job *job, int channel_precision)
{
    geo_cell cells[STORE_COVER];

    for (int precision = channel_precision; precision >= 2; precision--) {
        if (geo_prepared_cover_uniform(job->prepared, precision, cells, STORE_COVER, &job->channel_count) !=
            GEO_OK)
            continue;
        for (size_t i = 0; i < job->channel_count; i++)
            geo_format(cells[i], job->channels[i]);
        return true;
    }
    job->channel_count = 0;
    return false;
}

/* What goes out at once and what waits for a second officer. */
static bool needs_approval(const struct publication *publication)
{
    const struct alert *alert = &publication->alert;
    double most = publication->broker->options.approval_km2;

    if (!of_agency(publication) || publication->principal->no_approval || alert->status > STATUS_ACTUAL)
        return false;
    return alert->severity == SEVERITY_EXTREME || (most > 0 && alert_job(publication)->area_km2 > most);
}

enum step_result alert_place(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);
    struct alert *alert = &publication->alert;
    const struct broker_options *options = &publication->broker->options;

    if (of_agency(publication) && !publication->principal->drilled && alert->status <= STATUS_ACTUAL) {
        publication->broker->counters.refused_drill++;
        return publication_refuse(publication, REASON_NOT_ALLOWED, "drill",
            "an agency's first alert is a test (status TEST) that its own follower of class test gets and "
            "acknowledges (QoS 1)");
    }
    job->shape = alert_shape(alert, options->leaf_precision, &publication->arena);
    enum geo_error error = geo_shape_check(&job->shape);
    if (error != GEO_OK)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "place", geo_error_text(error));
    job->prepared = prepare(&job->shape, &publication->arena);
    job->area_km2 = geo_shape_area(&job->shape) / 1e6;
    if (of_agency(publication) &&
        !jurisdiction_holds(publication->principal->jurisdiction_owned, &job->shape, job->prepared)) {
        publication->broker->counters.refused_jurisdiction++;
        return publication_refuse(publication, REASON_NOT_ALLOWED, "place",
            "reaches beyond the jurisdiction that the agency is enrolled for");
    }
    if (!cover(job, options->channel_precision))
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "place", "covers too large a part of the globe");
    if (job->late || job->plan.withheld) {
        job->channel_count = 0;
        publication->outcome.not_shown =
            job->plan.withheld ? "R24: its scope is not Public" : "R32: it is over already";
    }
    job->approval = job->channel_count && needs_approval(publication);
    return STEP_GO_ON;
}
