/* What the public may know of the agency that is signed in: its name, and the land it may alert in (GET /v1/agencies). */
import { signal } from "@preact/signals";
import type { Geometry } from "geojson";
import { asked } from "../common/asked";

export interface Agency {
  id: string;
  name: string;
  /** GeoJSON; "everywhere"; undefined: not shown, for it has too many points, or none. */
  jurisdiction?: Geometry | "everywhere";
  /** west, south, east, north: of the jurisdiction. */
  box?: [number, number, number, number];
  office?: [longitude: number, latitude: number];
}

interface Feature {
  id?: string;
  bbox?: [number, number, number, number];
  geometry?: { coordinates: [number, number] } | null;
  properties?: { name?: string; jurisdiction?: Geometry | "everywhere" | null };
}

/** All partner agencies; empty until they are loaded. */
export const agencies = signal<readonly Agency[]>([]);
/** Why they could not be loaded; "". */
export const agenciesTrouble = signal("");
/** Whether they were asked for and answered, for good or not. */
export const agenciesKnown = signal(false);

function read(feature: Feature): Agency {
  return {
    id: feature.id ?? "",
    name: feature.properties?.name ?? feature.id ?? "",
    jurisdiction: feature.properties?.jurisdiction ?? undefined,
    box: feature.bbox,
    office: feature.geometry?.coordinates,
  };
}

let loading: Promise<void> | undefined;

/** Has an answer when it resolves; asked once at a time. */
export function loadAgencies(): Promise<void> {
  return loading ??= load().finally(() => {
    loading = undefined;
  });
}

async function load(): Promise<void> {
  try {
    const answer = await asked("/v1/agencies");
    if (!answer.ok) {
      throw new Error(`the broker answered ${answer.status}`);
    }
    const { features } = (await answer.json()) as { features: Feature[] };
    agencies.value = features.map(read);
    agenciesTrouble.value = "";
  } catch (error) {
    agenciesTrouble.value = `The list of agencies could not be loaded: ${error instanceof Error ? error.message : "no answer"}`;
  }
  agenciesKnown.value = true;
}

/** Of "agency/el-monte-police"; undefined: not loaded, or not listed. */
export function agencyOf(name: string): Agency | undefined {
  return agencies.value.find(({ id }) => `agency/${id}` === name);
}
