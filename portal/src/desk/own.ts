/* What the agency has here, as the broker tells it: asked for when the desk opens, after each act of one's own, at each heartbeat,
 * and whenever something about it comes. What residents sent is gathered as it comes. */
import { computed, effect, signal } from "@preact/signals";
import type { Desk, DeskAlert, Footage, Neighbors, Tip } from "@neighbors/client";
import { reasonOf } from "../common/trouble";
import { neighbors } from "../session/connection";

/** Undefined until it was told for the first time. */
export const own = signal<Desk | undefined>(undefined);
/** Why it could not be asked for; "". */
export const ownTrouble = signal("");
/** By conversation, in the order in which they were said. */
export const tips = signal<ReadonlyMap<string, readonly Tip[]>>(new Map());
/** What was shared, by clip; nothing of what was withdrawn. */
export const footage = signal<ReadonlyMap<string, Footage>>(new Map());

function alertsThat(waiting: boolean): readonly DeskAlert[] {
  return (own.value?.alerts ?? []).filter((alert) => alert.waiting === waiting).sort((a, b) => b.at - a.at);
}
export const inForce = computed(() => alertsThat(false));
export const waiting = computed(() => alertsThat(true));

async function askAll(broker: Neighbors): Promise<Desk> {
  const all = await broker.desk();
  for (let next = all.next; next;) {
    const part = await broker.desk({ page: next });
    all.alerts.push(...part.alerts);
    next = part.next;
  }
  return all;
}

/** How often it was asked for, and which of that was told last: parts of several answers may come in any order. */
let asked = 0, told = 0;

/** Asks for it anew. */
export async function refresh(): Promise<void> {
  const broker = neighbors.peek();
  if (!broker) {
    return;
  }
  const mine = ++asked;
  const isNews = () => neighbors.peek() === broker && mine > told;
  try {
    const all = await askAll(broker);
    if (isNews()) {
      told = mine;
      own.value = all;
      ownTrouble.value = "";
    }
  } catch (error) {
    if (isNews()) {
      ownTrouble.value = reasonOf(error);
    }
  }
}

/** The connection; throws when nobody is signed in any more. */
export function broker(): Neighbors {
  const there = neighbors.peek();
  if (!there) {
    throw new Error("you are signed out");
  }
  return there;
}

function takeTip(tip: Tip): void {
  const before = tips.peek().get(tip.conversationId) ?? [];
  if (!before.some(({ tipId }) => tipId === tip.tipId)) {
    tips.value = new Map(tips.peek()).set(tip.conversationId, [...before, tip].sort((a, b) => a.at - b.at));
  }
}

function takeFootage(clip: Footage): void {
  const all = new Map(footage.peek());
  if (clip.withdrawn) {
    all.delete(clip.clipId);
  } else {
    all.set(clip.clipId, clip);
  }
  footage.value = all;
}

/* From the first moment of a connection, for the inbox is told once. */
effect(() => {
  const there = neighbors.value;
  if (!there?.name.startsWith("agency/")) {
    return undefined;
  }
  const ends = [
    there.on("tip", takeTip),
    there.on("footage", takeFootage),
    there.on("heartbeat", () => void refresh()),
    there.on("moderation", () => void refresh()),
    there.on("state", (state) => void (state === "connected" && refresh())),
  ];
  void refresh();
  return () => {
    ends.forEach((end) => end());
    own.value = undefined;
    ownTrouble.value = "";
    tips.value = new Map();
    footage.value = new Map();
  };
});
