/* What the alert that is being written would reach, in the broker's own words (POST /v1/alerts?preview): asked anew a moment
 * after each change. Nothing is stored by it. */
import { effect, signal } from "@preact/signals";
import type { Identity } from "../../session/identity";
import { reached } from "../map/desk_map";
import { alertOf, draft, presentPlace } from "./draft";

export interface Reach {
  cells: string[];
  areaKm2: number;
  /** 0, 10, 100 …: about how many follow something there. */
  followers: number;
  /** It would wait for a second officer. */
  approval: boolean;
  /** As CAP 1.2; "" when the broker cannot write it. */
  document: string;
}
export type Preview =
  | { state: "none" }
  | { state: "asking"; before?: Reach }
  | { state: "refused"; field: string; rule: string }
  | { state: "known"; reach: Reach };

export const preview = signal<Preview>({ state: "none" });
const PAUSE_MS = 300, AGAIN_MS = 3000;

interface Answer {
  cells: string[];
  area_km2: number;
  followers: number;
  approval: boolean;
  document?: string;
  field?: string;
  rule?: string;
  text?: string;
}

/** Not now: ask again after so many milliseconds. */
class Later extends Error {
  constructor(readonly milliseconds: number, why: string) {
    super(why);
  }
}

async function ask(who: Identity, body: string, stopped: AbortSignal): Promise<Preview> {
  const response = await fetch("/v1/alerts?preview", {
    method: "POST", body, signal: stopped,
    headers: { "content-type": "application/json", authorization: `Bearer ${who.token}` },
  });
  if (response.status === 429 || response.status === 503) {
    throw new Later(1000 * Number(response.headers.get("retry-after") ?? 1), "it is busy");
  }
  const answer = (await response.json()) as Answer;
  if (!response.ok) {
    return { state: "refused", field: answer.field ?? "", rule: answer.rule ?? answer.text ?? `the broker answered ${response.status}` };
  }
  const { cells, area_km2, followers, approval, document } = answer;
  return { state: "known", reach: { cells, areaKm2: area_km2, followers, approval, document: document ?? "" } };
}

function tell(told: Preview): void {
  preview.value = told;
  reached.value = told.state === "known" ? told.reach.cells : [];
}

/** Follows the draft until what it gives back is called. */
export function followDraft(who: Identity): () => void {
  const leave = effect(() => {
    const now = draft.value, stop = new AbortController();
    if (!presentPlace()) {
      tell({ state: "none" });
      return undefined;
    }
    const body = JSON.stringify({ senderAlertId: "preview", ...alertOf(now, Date.now()) });
    const before = preview.peek();
    preview.value = { state: "asking", before: before.state === "known" ? before.reach : undefined };
    const again = (error: unknown) => {
      if (!stop.signal.aborted) {
        const why = error instanceof Error ? error.message : "no answer";
        tell({ state: "refused", field: "", rule: `The broker could not be asked (${why}); trying again…` });
        timer = setTimeout(begin, error instanceof Later ? error.milliseconds : AGAIN_MS);
      }
    };
    const begin = () => void ask(who, body, stop.signal).then(tell, again);
    let timer = setTimeout(begin, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });
  return () => {
    leave();
    tell({ state: "none" });
  };
}
