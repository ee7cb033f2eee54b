/* The partner agencies, as the broker tells everybody. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { asked } from "../common/asked";
import { state } from "../session/connection";

export interface Agency {
  id: string;
  name: string;
}

/** Undefined until they were asked for; "failed" when they cannot be read. */
export const agencies = signal<readonly Agency[] | "failed" | undefined>(undefined);

interface Feature {
  id?: unknown;
  properties?: { name?: unknown } | null;
}

function agencyOf({ id, properties }: Feature): Agency[] {
  return typeof id === "string" ? [{ id, name: typeof properties?.name === "string" ? properties.name : id }] : [];
}

/** Has them asked for by a page; once, and again when that failed and the broker can be reached again. */
export function useAgencies(): void {
  const isConnected = state.value === "connected";
  useEffect(() => { void askAgencies(); }, [isConnected]);
}

async function askAgencies(): Promise<void> {
  if (Array.isArray(agencies.peek())) {
    return;
  }
  try {
    const answer = await asked("/v1/agencies");
    if (!answer.ok) {
      throw new Error(`the broker answered ${answer.status}`);
    }
    const { features } = (await answer.json()) as { features?: Feature[] };
    agencies.value = (features ?? []).flatMap(agencyOf).sort((a, b) => a.name.localeCompare(b.name));
  } catch {
    if (!Array.isArray(agencies.peek())) { // it may have been asked twice, and one was answered
      agencies.value = "failed";
    }
  }
}

export function agencyName(id: string): string {
  const list = agencies.value;
  return (Array.isArray(list) ? (list as readonly Agency[]).find((agency) => agency.id === id)?.name : undefined) ?? id;
}
