/* How far an alert's area is from a place: 0 when the place lies in it. */
import { bounds, decode, degrees, distance, distanceToBox, type LatLon } from "@neighbors/client/geo";
import type { Item, Place, Polygon, Ring } from "@neighbors/client";

/** Metres on a plane around `from`: true enough for what one follows. */
function flatten(from: LatLon, at: LatLon): [number, number] {
  const scale = 111_195;
  return [(at.longitude - from.longitude) * scale * Math.cos((from.latitude * Math.PI) / 180), (at.latitude - from.latitude) * scale];
}

type Edge = [[number, number], [number, number]];

function edgesOf(from: LatLon, ring: Ring): Edge[] {
  const points = ring.points.map((point) => flatten(from, degrees(point)));
  return points.slice(1).map((point, i) => [points[i] as [number, number], point]);
}

function crosses([[ax, ay], [bx, by]]: Edge): boolean {
  return ay > 0 !== by > 0 && ax + ((bx - ax) * -ay) / (by - ay) > 0;
}

function toEdge([[ax, ay], [bx, by]]: Edge): number {
  const dx = bx - ax;
  const dy = by - ay;
  const along = Math.max(0, Math.min(1, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(ax + along * dx, ay + along * dy);
}

function toPolygon(from: LatLon, polygon: Polygon): number {
  const edges = polygon.rings.flatMap((ring) => edgesOf(from, ring));
  return edges.filter(crosses).length % 2 ? 0 : Math.min(...edges.map(toEdge));
}

function toPlace(from: LatLon, place: Place): number {
  if (place.point) {
    return distance(from, degrees(place.point));
  }
  if (place.circle?.center) {
    return Math.max(0, distance(from, degrees(place.circle.center)) - place.circle.radiusM);
  }
  return Math.min(...(place.polygons?.polygons.map((polygon) => toPolygon(from, polygon)) ?? []));
}

/** Whether it holds in an area; else it is at a point, or somewhere in a cell. */
export function isArea(item: Item): boolean {
  return item.kind === "alert" && (item.alert.place?.circle ?? item.alert.place?.polygons) !== undefined;
}

/** Metres from the middle of a leaf cell; undefined when nothing says where the item is. */
export function distanceOf(item: Item, cell: string): number | undefined {
  if (item.cell && !isArea(item)) {
    return item.cell === cell ? 0 : distanceToBox(decode(cell), bounds(item.cell));
  }
  if (item.kind !== "alert" || !item.alert.place) {
    return undefined;
  }
  const metres = toPlace(decode(cell), item.alert.place);
  return Number.isFinite(metres) ? metres : undefined;
}

/** The middle of where an item is; undefined when nothing says it. */
export function middleOfItem(item: Item): LatLon | undefined {
  if (item.cell && !isArea(item)) {
    return decode(item.cell);
  }
  const place = item.kind === "alert" ? item.alert.place : undefined;
  const polygon = place?.polygons?.polygons[0]?.rings[0];
  const point = place?.point ?? place?.circle?.center;
  return point ? degrees(point) : polygon && middleOfRing(polygon);
}

function middleOfRing({ points }: Ring): LatLon {
  const corners = points.slice(1).map(degrees);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { latitude: mean(corners.map(({ latitude }) => latitude)), longitude: mean(corners.map(({ longitude }) => longitude)) };
}
