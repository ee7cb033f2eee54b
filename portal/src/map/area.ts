/* The area of an alert or a request: a circle, or polygons. */
import L from "leaflet";

/** Degrees, WGS 84. */
export interface Point {
  latitude: number;
  longitude: number;
}

/** Exactly one of the two. */
export interface Area {
  circle?: { center: Point; metres: number };
  /** Each an outline first, then the holes in it. Whether a ring ends with its first point does not matter. */
  polygons?: Point[][][];
}

/** Circle and polygons as the messages of the broker hold them (1e-7 degree). */
interface PlaceMessage {
  circle?: { center?: { latE7: number; lonE7: number }; radiusM: number };
  polygons?: { polygons: { rings: { points: { latE7: number; lonE7: number }[] }[] }[] };
}

const degrees = ({ latE7, lonE7 }: { latE7: number; lonE7: number }): Point => ({ latitude: latE7 / 1e7, longitude: lonE7 / 1e7 });

/** The area of a message's place; undefined: it is a point, or none. */
export function areaOf(place: PlaceMessage | undefined): Area | undefined {
  if (place?.circle?.center) {
    return { circle: { center: degrees(place.circle.center), metres: place.circle.radiusM } };
  }
  if (place?.polygons) {
    return { polygons: place.polygons.polygons.map(({ rings }) => rings.map(({ points }) => points.map(degrees))) };
  }
  return undefined;
}

/** The area as a layer of Leaflet's, for what is drawn and edited by itself. */
export function areaLayer(area: Area, style: L.PathOptions): L.Circle | L.Polygon {
  if (area.circle) {
    const { center, metres } = area.circle;
    return L.circle([center.latitude, center.longitude], { ...style, radius: metres });
  }
  const rings = (area.polygons ?? []).map((polygon) => polygon.map((ring) => ring.map((point) => L.latLng(point.latitude, point.longitude))));
  return L.polygon(rings, style);
}

/** What the map has to show to show all of it. */
export function boundsOf(area: Area): L.LatLngBounds {
  if (area.circle) {
    const { center, metres } = area.circle;
    return L.latLng(center.latitude, center.longitude).toBounds(2 * metres);
  }
  return L.latLngBounds((area.polygons ?? []).flat(2).map((point) => L.latLng(point.latitude, point.longitude)));
}

const WORLD = 256;

/** Where a point is on the map of the whole world at zoom 0, in pixels. Times 2^zoom it is where Leaflet projects it. */
export function projected({ latitude, longitude }: Point): { x: number; y: number } {
  const { x, y } = L.CRS.EPSG3857.latLngToPoint(L.latLng(latitude, longitude), 0);
  return { x, y };
}

/* Metres on the ground as pixels of zoom 0: the map stretches with the latitude. */
function stretched(metres: number, latitude: number): number {
  return (metres * WORLD) / (2 * Math.PI * 6378137 * Math.cos((latitude * Math.PI) / 180));
}

/** Its outline at a zoom, for a canvas, in pixels from `origin`, which is in pixels of that zoom. */
export function outline(area: Area, zoom: number, origin: { x: number; y: number }): Path2D {
  const scale = 2 ** zoom;
  const path = new Path2D();
  if (area.circle) {
    const { x, y } = projected(area.circle.center);
    path.arc(x * scale - origin.x, y * scale - origin.y, stretched(area.circle.metres, area.circle.center.latitude) * scale, 0, 2 * Math.PI);
  }
  for (const ring of (area.polygons ?? []).flat()) {
    ring.forEach((point, index) => {
      const { x, y } = projected(point);
      path[index === 0 ? "moveTo" : "lineTo"](x * scale - origin.x, y * scale - origin.y);
    });
    path.closePath();
  }
  return path;
}
