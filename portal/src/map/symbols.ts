/* The symbols of alerts and activity, drawn by paths: the same on the map's canvas and in lists (symbol.tsx). What an alert is
 * about is its glyph; how bad it is, is said by shape and colour both, so that nobody needs to see colours. */
import type { ColorName } from "./theme";

export type Severity = "UNSPECIFIED" | "UNKNOWN" | "MINOR" | "MODERATE" | "SEVERE" | "EXTREME";
export type Category =
  | "crime" | "safety" | "suspicious" | "fire" | "medical" | "missing" | "lost_pet" | "hazard" | "weather" | "other" | "UNSPECIFIED";
export type MotionKind = "UNSPECIFIED" | "MOTION" | "PERSON" | "VEHICLE" | "ANIMAL" | "PACKAGE" | "DOORBELL" | "SOUND";

/** Side of the square that all paths are drawn in. */
export const SIDE = 32;

interface Look {
  /** Outline in a square of SIDE. */
  shape: string;
  color: ColorName;
}

const octagon = "M10.5 2h11L30 10.5v11L21.5 30h-11L2 21.5v-11z";
const triangle = "M16 1.5c1 0 1.8.5 2.3 1.4l12.4 23c1 1.9-.3 4.1-2.4 4.1H3.7c-2.1 0-3.4-2.2-2.4-4.1l12.4-23c.5-.9 1.3-1.4 2.3-1.4z";
const diamond = "M16 1 31 16 16 31 1 16z";
const circle = "M16 3a13 13 0 1 0 0 26 13 13 0 0 0 0-26z";
const square = "M8 4h16a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z";

const looks: Record<Severity, Look> = {
  EXTREME: { shape: octagon, color: "extreme" },
  SEVERE: { shape: triangle, color: "severe" },
  MODERATE: { shape: diamond, color: "moderate" },
  MINOR: { shape: circle, color: "minor" },
  UNKNOWN: { shape: square, color: "quiet" },
  UNSPECIFIED: { shape: square, color: "quiet" },
};

export function lookOf(severity: Severity): Look {
  return looks[severity];
}

/* Glyphs, filled by the even-odd rule, about 12 wide around the middle. */
const glyphs: Record<Category, string> = {
  crime: "M16 9.5l6 2v4.6c0 3.4-2.4 5.6-6 7-3.600-1.400-6-3.600-6-7v-4.600zM15.200 12.500v4.600h1.600v-4.600zM15.200 18.300v1.700h1.600v-1.700z",
  safety: "M14.600 9.500h2.800l-.4 8.200h-2zM14.600 19.600h2.800v2.900h-2.800z",
  suspicious: "M9 16.500c2-3.300 4.300-5 7-5s5 1.700 7 5c-2 3.300-4.300 5-7 5s-5-1.700-7-5zM16 13.700a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600z",
  fire: "M16.500 8.800c.4 2.600 4.700 4.700 4.700 9a5.200 5.200 0 0 1-10.400 0c0-2.300 1.300-3.600 2.200-5.200.8.7 1.100 1.500 1.200 2.400 1.700-1.300 2.500-3.500 2.300-6.200z",
  medical: "M14.300 10h3.400v4.300H22v3.400h-4.300V22h-3.400v-4.300H10v-3.400h4.300z",
  missing: "M16 9.300a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM10.300 23c0-4 2.200-6.400 5.700-6.400s5.700 2.400 5.700 6.400z",
  lost_pet: "M16 15.800c2.400 0 4.800 2.700 4.800 4.800 0 1.500-1.100 2.100-2.400 2.100-1 0-1.600-.4-2.400-.4s-1.400.4-2.400.4c-1.300 0-2.400-.6-2.400-2.100 0-2.100 2.400-4.800 4.800-4.800zM11 12.900a1.700 2.100 0 1 1-.01 0zM14.200 9.700a1.600 2.100 0 1 1-.01 0zM17.900 9.700a1.600 2.100 0 1 1-.01 0zM21 12.900a1.700 2.100 0 1 1-.01 0z",
  hazard: "M17.600 9l-6.400 8.600h4L14 23.600l6.800-9h-4.200z",
  weather: "M12.600 21.700a3.400 3.400 0 0 1-.3-6.800 4.600 4.600 0 0 1 8.900-.3 3.600 3.600 0 0 1-.4 7.100z",
  other: "M16 13.700a2.600 2.600 0 1 0 0 5.200 2.600 2.600 0 0 0 0-5.200z",
  UNSPECIFIED: "M16 13.700a2.600 2.600 0 1 0 0 5.200 2.600 2.600 0 0 0 0-5.200z",
};

export function glyphOf(category: Category): string {
  return glyphs[category];
}

/** How far below the middle a shape's own middle is: glyphs on a triangle sit lower. */
export function lowered(severity: Severity): number {
  return severity === "SEVERE" ? 3 : 0;
}

/* Activity is small: a dot, whose outline tells the kind. */
const dots: Record<MotionKind, string> = {
  PERSON: "M16 6a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM6 27c0-6 4-9.500 10-9.500s10 3.500 10 9.500z",
  VEHICLE: "M8.500 8h15l4 8v9h-4v-2.500h-15V25h-4v-9z",
  ANIMAL: "M16 15c4 0 8 4.500 8 8 0 2.500-2 3.500-4 3.500-1.500 0-2.500-.7-4-.7s-2.500.7-4 .7c-2 0-4-1-4-3.500 0-3.500 4-8 8-8zM8 10a3 3.600 0 1 1-.01 0zM13 5a2.800 3.600 0 1 1-.01 0zM19 5a2.800 3.600 0 1 1-.01 0zM24 10a3 3.600 0 1 1-.01 0z",
  PACKAGE: "M6 10l10-5 10 5v13l-10 5-10-5z",
  DOORBELL: "M16 5a8 8 0 0 0-8 8v6l-3 5h22l-3-5v-6a8 8 0 0 0-8-8zM12.500 25.500h7a3.500 3.500 0 0 1-7 0z",
  SOUND: "M5 12h5l7-6v20l-7-6H5zM20 10.500c4 3 4 8 0 11z",
  MOTION: "M16 8a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  UNSPECIFIED: "M16 8a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
};

export function dotOf(kind: MotionKind): string {
  return dots[kind];
}
