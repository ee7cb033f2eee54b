/* A followed place: what concerns it, each state of it once, and those that listen. */
import type { Alert, FeedItem } from "./generated/messages.js";
import type { Memory } from "./memory.js";
import { Refusal, type Unreachable } from "./refusal.js";
import type { ActivityItem, AlertItem, FollowHandlers, Item, Near } from "./types.js";

const ACTIVITIES = 4096, ENDS = 4096;
const NAMED: readonly string[] = ["exercise", "system", "test", "draft"];

/** Tells followed places apart. */
export function keyOf({ cell, metres, class: named }: Near): string {
  return `${cell}/${metres}${named ? `/${named}` : ""}`;
}
/** The key of the place that something came for, by the levels of its topic behind "near". */
export function keyOfTopic([cell, metres, named = ""]: readonly string[]): string {
  return `${cell}/${metres}${NAMED.includes(named) ? `/${named}` : ""}`;
}

export class Place {
  readonly filter: string;
  readonly alerts = new Map<string, AlertItem>();
  readonly listeners = new Set<FollowHandlers>();
  /** Resolved when the broker follows it. */
  readonly ready: Promise<void>;
  #settle!: { resolve(): void; reject(why: Refusal | Unreachable): void };
  #had = new Map<string, [revision: number, ended: boolean]>();
  #activities = new Set<string>();
  /** Alerts of which a gap leaves open whether they still are. */
  #doubted = new Set<string>();

  constructor(readonly near: Near) {
    this.filter = `nb/v1/near/${keyOf(near)}/#`;
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ready.catch(() => {});  // who does not look at it hears of it by the handler
  }

  followed(): void {
    this.#settle.resolve();
  }

  /** Refused, or the connection was closed before it was followed. */
  refused(why: Refusal | Unreachable): void {
    this.#settle.reject(why);
    if (why instanceof Refusal) {
      for (const listener of [...this.listeners]) {
        listener.refused?.(why);
      }
    }
  }

  /** item: what the feed item is to everybody. False: it is known here. */
  take(item: Item): boolean {
    const isNew = item.kind === "alert" ? this.#takeAlert(item) : this.#takeActivity(item);
    if (isNew) {
      this.#tell(item);
    }
    return isNew;
  }

  /** What the channel told of before may have ended unheard. */
  gap(feed: FeedItem): void {
    for (const [publicId, item] of this.alerts) {
      if (item.channel === feed.channel) {
        this.#doubted.add(publicId);
      }
    }
    for (const listener of [...this.listeners]) {
      feed.gap && listener.gap?.(feed.gap);
    }
  }

  /** Everything that is in force was told: what a gap left open and did not come again has ended. */
  settleDoubts(now: number): void {
    for (const publicId of this.#doubted) {
      const item = this.alerts.get(publicId);
      if (item) {
        this.take({ ...item, alert: { ...item.alert, state: "ENDED" }, retained: false, receivedAt: now });
      }
    }
    this.#doubted.clear();
  }

  #tell(item: Item): void {
    for (const listener of [...this.listeners]) {
      listener.item(item);
    }
  }

  /** An alert is new by its revision, or by its end, which may come under the revision that one has. */
  #takeAlert(item: AlertItem): boolean {
    const { publicId, revision, state } = item.alert, ended = state === "ENDED";
    const [had, hadEnd] = this.#had.get(publicId) ?? [0, false];
    this.#doubted.delete(publicId);
    if (revision < had || (revision === had && (hadEnd || !ended))) {
      return false;
    }
    this.#had.set(publicId, [revision, ended]);
    if (ended) {
      this.alerts.delete(publicId);
    } else {
      this.alerts.set(publicId, item);
    }
    return true;
  }

  #takeActivity(item: ActivityItem): boolean {
    if (this.#activities.has(item.key)) {
      return false;
    }
    this.#activities.add(item.key);
    if (this.#activities.size > ACTIVITIES) {
      for (const oldest of this.#activities) {
        this.#activities.delete(oldest);
        break;
      }
    }
    return true;
  }
}

/** Ends of alerts that came for a place before this run of the app followed it, perhaps along with the answer to CONNECT. The
 * broker tells each once a connection; what else it told then it tells again when it is asked for the place. */
export class EarlyEnds {
  #ends: [key: string, feed: FeedItem][] = [];

  /** key: of the place (keyOf). */
  keep(key: string, feed: FeedItem): void {
    if (feed.alert?.state === "ENDED") {
      this.#ends.push([key, feed]);
      if (this.#ends.length > ENDS) {
        this.#ends.shift();
      }
    }
  }

  /** Those of a place that is followed now. */
  take(key: string): FeedItem[] {
    const found = this.#ends.filter(([one]) => one === key).map(([, feed]) => feed);
    this.#ends = this.#ends.filter(([one]) => one !== key);
    return found;
  }

  /** The connection is another one: all is told again. */
  forget(): void {
    this.#ends = [];
  }
}

/** Makes one object of what comes for several places. */
export class Items {
  #newest = new Map<string, Item>();
  constructor(readonly memory: Memory) {}

  /** undefined: a gap, or of a kind that is not known here. */
  of(feed: FeedItem, retained: boolean, now: number): Item | undefined {
    const { cell, channel, cursor } = feed, told = { cell, channel, cursor, retained, receivedAt: now };
    if (feed.alert) {
      return this.#shared(`${feed.alert.publicId} ${feed.alert.revision} ${feed.alert.state}`, () =>
        ({ kind: "alert", key: feed.alert!.publicId, alert: feed.alert!, fresh: this.#isFresh(feed.alert!), ...told }));
    }
    if (feed.activity) {
      const key = `${channel}:${cursor}`;
      return this.#shared(key, () => ({ kind: "activity", key, activity: feed.activity!, fresh: true, ...told }));
    }
    return undefined;
  }

  #isFresh({ publicId, revision, state }: Alert): boolean {
    return !this.memory.hadBefore(publicId, revision, state === "ENDED");
  }

  /** Those for the other places follow close behind: a few of the newest are enough. */
  #shared(name: string, make: () => Item): Item {
    const known = this.#newest.get(name);
    if (known) {
      return known;
    }
    const item = make();
    this.#newest.set(name, item);
    if (this.#newest.size > 1024) {
      this.#newest.delete(this.#newest.keys().next().value!);
    }
    return item;
  }
}
