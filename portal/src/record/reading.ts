/* The record as this browser reads it: the newest head, held against the key and the last head that was seen here; the acts, newest
 * first; and whether they are what was signed. A fault, once found, stays: nothing that comes later takes it back. */
import { signal } from "@preact/signals";
import type { TreeHead } from "@neighbors/client";
import { leafHash, PublicRecord, RecordFault, rootOf, type Leaf } from "@neighbors/client/record";

/** Acts asked for at once; the broker gives no more. */
const PAGE = 512;
/** Acts that are read without being asked for: enough for charts, and that no browser reads for minutes. */
const MOST = 4096;
const AGAIN = 30_000; // ms, while somebody looks

/* Without a place to keep the head, a rewritten record is noticed only while this page stays open. */
function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

const kept = storage();
/* What the browser has cached of the record it must not believe: it would hide for a day that somebody changed it. */
const fresh: typeof fetch = (what, how) => fetch(what, { ...how, cache: "no-cache" });
const record = new PublicRecord("", { fetch: fresh, ...(kept && { storage: kept }) });

export interface Reading {
  head: TreeHead;
  /** The head that this browser had seen before; undefined: it is here for the first time. */
  before: TreeHead | undefined;
}

/** undefined: not read yet. */
export const reading = signal<Reading | undefined>(undefined);
/** Acts from the oldest that was read to the newest, without a gap. */
export const leaves = signal<readonly Leaf[]>([]);
/** The record is not what it was or claims to be: why. */
export const fault = signal<string | undefined>(undefined);
/** Why it cannot be read now; "". */
export const trouble = signal("");
/** No act was ever signed. */
export const empty = signal(false);
/** How much of it this browser has computed itself. "all": every act, up to the signed root. */
export const recomputed = signal<"none" | "all">("none");
/** The key that signed, as hexadecimal digits, to be held against what the operator made known. */
export const key = signal("");

function failed(error: unknown): void {
  if (error instanceof RecordFault) {
    fault.value ??= error.message;
  } else {
    trouble.value = error instanceof Error ? error.message : String(error);
  }
}

const seen = record.remembered; // before anything new is remembered
let asked = false;

/** Reads the newest head and what is new; further acts in the background. */
export async function read(): Promise<void> {
  if (asked || fault.value) {
    return;
  }
  asked = true;
  try {
    const head = await record.head();
    empty.value = head === undefined;
    key.value = [...(record.key ?? [])].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (head) {
      reading.value = { head, before: seen };
      await readNew(head);
    }
    trouble.value = "";
  } catch (error) {
    failed(error);
  } finally {
    asked = false;
  }
}

async function readNew(head: TreeHead): Promise<void> {
  const known = leaves.value.at(-1);
  for (let from = known ? known.index + 1 : Math.max(0, head.size - MOST); from < head.size; from += PAGE) {
    const more = await record.leaves(from, Math.min(PAGE, head.size - from));
    leaves.value = [...leaves.value, ...more];
  }
  recompute(head);
}

/** Older acts are being read. */
export const isReadingOlder = signal(false);

/** Reads acts that are older than those read, unless that is under way. */
export async function readOlder(): Promise<void> {
  const first = leaves.value[0]?.index ?? 0;
  const from = Math.max(0, first - PAGE);
  if (isReadingOlder.peek()) {
    return;
  }
  isReadingOlder.value = true;
  try {
    leaves.value = [...(await record.leaves(from, first - from)), ...leaves.value];
    if (reading.value) {
      recompute(reading.value.head);
    }
  } catch (error) {
    failed(error);
  } finally {
    isReadingOlder.value = false;
  }
}

/* With every act at hand the root of the tree can be computed: then each of them is what was signed, and none is missing. */
function recompute(head: TreeHead): void {
  const all = leaves.value.slice(0, head.size);
  if (all[0]?.index !== 0 || all.length !== head.size) {
    return;
  }
  const root = rootOf(all.map(({ bytes }) => leafHash(bytes)));
  if (root.every((byte, index) => byte === head.rootHash[index])) {
    recomputed.value = "all";
  } else {
    recomputed.value = "none";
    fault.value ??= "the acts that are shown are not those that were signed: at least one was changed";
  }
}

export interface Proved {
  /** Hashes of the proof. */
  hashes: number;
  size: number;
}

/** Proves that the act is in the tree that was signed. Rejects with a RecordFault, which `fault` then is too, when it is not. */
export async function prove(leaf: Leaf): Promise<Proved> {
  const head = reading.value?.head;
  if (!head) {
    throw new Error("no signed head was read yet");
  }
  try {
    const path = await record.prove(leaf, head);
    return { hashes: path.length, size: head.size };
  } catch (error) {
    failed(error);
    throw error;
  }
}

/** Reads now, and again while somebody looks; gives back how to stop that. */
export function keepReading(): () => void {
  void read();
  const timer = setInterval(() => !document.hidden && void read(), AGAIN);
  return () => clearInterval(timer);
}
