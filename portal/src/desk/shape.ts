/* An area that an officer draws: a circle or a polygon; in degrees, as it is drawn, and as the broker reads it. */
import { distance, position, degrees, type LatLon } from "@neighbors/client/geo";
import type { Draft, Place } from "@neighbors/client";

export interface CircleShape {
  kind: "circle";
  center: LatLon;
  metres: number;
}
export interface PolygonShape {
  kind: "polygon";
  /** Corners in their order, without the first again at the end. */
  points: LatLon[];
}
export type Shape = CircleShape | PolygonShape;

export const SMALLEST_METRES = 25;
const METRES_A_DEGREE = 111_195;

/** As the broker reads it; a polygon of fewer than three corners is none yet. */
export function placeOf(shape: Shape | undefined): Draft<Place> | undefined {
  if (shape?.kind === "circle") {
    return { circle: { center: position(shape.center), radiusM: Math.round(shape.metres) } };
  }
  if (!shape || shape.points.length < 3) {
    return undefined;
  }
  const points = [...shape.points, shape.points[0] as LatLon].map(position);
  return { polygons: { polygons: [{ rings: [{ points }] }] } };
}

/** The outlines of whatever a place is, for looking at. */
export function outlinesOf(place: Place | undefined): Shape[] {
  const one = shapeOf(place);
  return one ? [one] : (place?.polygons?.polygons ?? []).flatMap(({ rings }) =>
    rings[0] ? [{ kind: "polygon" as const, points: rings[0].points.slice(0, -1).map(degrees) }] : []);
}

/** What can be edited of an alert's place: a circle, or one polygon without holes. A point is a small circle. */
export function shapeOf(place: Place | undefined): Shape | undefined {
  if (place?.circle?.center) {
    return { kind: "circle", center: degrees(place.circle.center), metres: place.circle.radiusM };
  }
  if (place?.point) {
    return { kind: "circle", center: degrees(place.point), metres: SMALLEST_METRES };
  }
  const polygons = place?.polygons?.polygons ?? [];
  const rings = polygons[0]?.rings ?? [];
  if (polygons.length !== 1 || rings.length !== 1 || !rings[0]) {
    return undefined;
  }
  return { kind: "polygon", points: rings[0].points.slice(0, -1).map(degrees) };
}

/** The same point so many metres further north and east. */
export function moved({ latitude, longitude }: LatLon, north: number, east: number): LatLon {
  const shrink = Math.max(0.01, Math.cos((latitude * Math.PI) / 180));
  return {
    latitude: Math.min(90, Math.max(-90, latitude + north / METRES_A_DEGREE)),
    longitude: longitude + east / (METRES_A_DEGREE * shrink),
  };
}

export function movedShape(shape: Shape, north: number, east: number): Shape {
  return shape.kind === "circle"
    ? { ...shape, center: moved(shape.center, north, east) }
    : { ...shape, points: shape.points.map((point) => moved(point, north, east)) };
}

/** "34.07680, -118.03160" */
export function pointText({ latitude, longitude }: LatLon): string {
  return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
}

/** Reads latitude and longitude with a comma or blanks between them; undefined: it is no point. */
export function readPoint(text: string): LatLon | undefined {
  const parts = text.trim().split(/[\s,;]+/).map(Number);
  const [latitude, longitude] = parts;
  const good = parts.length === 2 && latitude !== undefined && longitude !== undefined && Math.abs(latitude) <= 90 &&
    Math.abs(longitude) <= 180;
  return good ? { latitude, longitude } : undefined;
}

/** The corner after which a new one at the point makes the smallest detour. */
export function nearestEdge(points: readonly LatLon[], point: LatLon): number {
  const detours = points.map((from, i) => {
    const to = points[(i + 1) % points.length] as LatLon;
    return distance(from, point) + distance(point, to) - distance(from, to);
  });
  return detours.indexOf(Math.min(...detours));
}

export function centerOf(shape: Shape): LatLon {
  if (shape.kind === "circle") {
    return shape.center;
  }
  const count = Math.max(1, shape.points.length);
  return {
    latitude: shape.points.reduce((sum, point) => sum + point.latitude, 0) / count,
    longitude: shape.points.reduce((sum, point) => sum + point.longitude, 0) / count,
  };
}
