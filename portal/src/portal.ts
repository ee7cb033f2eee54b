/* What the operator has set for the portal: its name, where maps look first, street tiles (GET /v1/portal). */
import { signal } from "@preact/signals";
import { asked } from "./common/asked";

export interface Tiles {
  /** With {z}, {x} and {y}. */
  url: string;
  attribution: string;
  /** The nearest zoom that there are tiles for. */
  zoom: number;
}

/** Degrees, and Leaflet's zoom. */
export interface Look {
  latitude: number;
  longitude: number;
  zoom: number;
}

export interface Portal {
  name: string;
  /** Where maps look first; null: nothing is set. */
  look: Look | null;
  tiles: Tiles | null;
}

/** What is set; until it is known, what holds where nothing is. */
export const portal = signal<Portal>({ name: "Neighbors", look: null, tiles: null });

async function ask(): Promise<void> {
  try {
    const answer = await asked("./v1/portal");
    if (answer.ok) {
      portal.value = (await answer.json()) as Portal;
    }
  } catch {
    // without an answer nothing is set, and whoever needs the broker says that it is away
  }
}

/** Resolves when `portal` is what the operator has set, or cannot be known. */
export const portalKnown: Promise<void> = ask();
