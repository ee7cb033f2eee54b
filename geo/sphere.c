/* Distances on the sphere of GEO_EARTH_RADIUS, between points and to boxes of latitude and longitude. The
 * haversine is used for near points and its complement, the haversine to the antipode, for far ones: exact to
 * rounding everywhere. */
#include "geo/internal.h"

/* The haversine of the angle between two points, or of its supplement: sin^2(lat) + cos cos sin^2(lon),
 * halves. */
static double haversine(double lat1, double lat2, double lon_between, double cosines)
{
    double lat = sin((lat2 - lat1) / 2), lon = sin(lon_between / 2);
    return lat * lat + cosines * lon * lon;
}

double geo_distance(struct geo_point a, struct geo_point b)
{
    double lat1 = a.lat * GEO_RADIANS, lat2 = b.lat * GEO_RADIANS;
    double lon = fabs(geo_wrap(b.lon - a.lon)) * GEO_RADIANS, cosines = cos(lat1) * cos(lat2);
    double near = haversine(lat1, lat2, lon, cosines);
    double far = near < 0.5 ? 1 - near : haversine(-lat1, lat2, M_PI - lon, cosines);
    return 2 * GEO_EARTH_RADIUS * atan2(sqrt(near), sqrt(far));
}

/* Nearest point of the piece of a meridian from `south` to `north`: the great circle's own nearest latitude
 * when it lies on the piece, else one of the ends. */
static double meridian_distance(double south, double north, double lon, struct geo_point point)
{
    double lat = point.lat * GEO_RADIANS, between = (lon - point.lon) * GEO_RADIANS;
    double foot = atan2(sin(lat), cos(lat) * cos(between)) / GEO_RADIANS;
    double best = geo_min(geo_distance(point, (struct geo_point){south, lon}),
        geo_distance(point, (struct geo_point){north, lon}));
    if (foot > south && foot < north)
        best = geo_min(best, geo_distance(point, (struct geo_point){foot, lon}));
    return best;
}

/* Degrees eastward from `from` to `to`, 0 to 360. */
static double eastward(double from, double to)
{
    double degrees = fmod(to - from, 360);
    return degrees < 0 ? degrees + 360 : degrees;
}

double geo_box_distance(struct geo_box box, struct geo_point point)
{
    double width = box.east - box.west, from_west = eastward(box.west, point.lon);
    if (from_west <= width || width >= 360) {
        double lat = geo_max(geo_max(box.south - point.lat, point.lat - box.north), 0);
        return lat * GEO_RADIANS * GEO_EARTH_RADIUS;
    }
    /* At every latitude the nearer meridian is nearer, and on a parallel the nearest point is an end of it.
     */
    double past_east = from_west - width, before_west = 360 - from_west;
    double lon = past_east < before_west ? point.lon - past_east : point.lon + before_west;
    return meridian_distance(box.south, box.north, lon, point);
}

double geo_box_farthest(struct geo_box box, struct geo_point point)
{
    struct geo_point antipode = {-point.lat, point.lon > 0 ? point.lon - 180 : point.lon + 180};
    return M_PI * GEO_EARTH_RADIUS - geo_box_distance(box, antipode);
}

struct geo_box geo_circle_box(struct geo_point center, double radius)
{
    double angle = (radius + GEO_SLACK_METRES) / GEO_EARTH_RADIUS, degrees = angle / GEO_RADIANS;
    struct geo_box box = {.south = center.lat - degrees, .north = center.lat + degrees};
    if (box.south <= -90 || box.north >= 90) {
        box = (struct geo_box){geo_max(box.south, -90), -180, geo_min(box.north, 90), 180};
        return box;
    }
    double lon =
        asin(geo_min(sin(angle) / cos(center.lat * GEO_RADIANS), 1)) / GEO_RADIANS + GEO_SLACK_DEGREES;
    box.west = center.lon - lon;
    box.east = center.lon + lon;
    if (box.west < -180) {
        box.west += 360;
        box.east += 360;
    }
    return box;
}
