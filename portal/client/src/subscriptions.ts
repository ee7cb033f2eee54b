/* Which filters the broker has for this session, and which it should have. What is asked for together goes in one SUBSCRIBE: the
 * broker takes the cursors of `since` only for channels that the session does not follow yet. */
import type { Link, SubscribeAck } from "./link.js";
import { refusalOf } from "./refusal.js";
import type { Refusal } from "./refusal.js";
import type { Storage } from "./storage.js";

const OWN = ["nb/v1/inbox/#", "nb/v1/info"];

export interface SubscriptionHandlers {
  /** "<channel>:<cursor>" of each channel that is known. */
  since(): string[];
  /** The broker follows it, or does not want to. */
  answered(filter: string, refusal: Refusal | undefined): void;
  /** A cursor could not be read: what was missed behind it is not coming. */
  lost(): void;
}

export class Subscriptions {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #handlers: SubscriptionHandlers;
  #wanted = new Set<string>();
  #there = new Set<string>();
  /** Dropped, so that whoever wants them again since is told anew what is in force. */
  #dropped = new Set<string>();
  #link: Link | undefined;
  /** In a SUBSCRIBE that is not answered yet: it may have been lost with its connection. */
  #asked: string[] = [];
  #first = true;

  /** name: of the entry in the storage that lists the filters of a session that may outlive this run of the app. */
  constructor(storage: Storage, name: string, handlers: SubscriptionHandlers) {
    this.#storage = storage;
    this.#name = name;
    this.#handlers = handlers;
  }

  want(filter: string): void {
    this.#wanted.add(filter);
    this.#soon();
  }

  drop(filter: string): void {
    this.#wanted.delete(filter);
    this.#dropped.add(filter);
    this.#soon();
  }

  /** Something came for a filter that nobody wants: of an earlier run of the app whose storage is gone. */
  refuse(filter: string): void {
    if (!this.#wanted.has(filter)) {
      this.#link?.unsubscribe([filter]);
    }
  }

  /** There is a connection. present: with the session of before. */
  up(link: Link, present: boolean): void {
    this.#link = link;
    this.#asked.forEach((filter) => this.#there.delete(filter));
    this.#asked = [];
    if (!present) {
      this.#there.clear();
    } else if (this.#first) {
      link.unsubscribe(this.#left());  // and anew, from the cursors of this storage: an earlier run may have missed some
    }
    this.#first = false;
    for (const filter of OWN) {
      this.#there.delete(filter);
      this.#wanted.add(filter);
    }
    this.#sync();
  }

  down(): void {
    this.#link = undefined;
  }

  #soon(): void {
    queueMicrotask(() => this.#sync());
  }

  #sync(): void {
    const link = this.#link;
    if (!link || this.#asked.length) {
      return;
    }
    const gone = [...this.#there].filter((filter) => !this.#wanted.has(filter) || this.#dropped.has(filter));
    this.#dropped.clear();
    link.unsubscribe(gone);
    gone.forEach((filter) => this.#there.delete(filter));
    const missing = [...this.#wanted].filter((filter) => !this.#there.has(filter));
    if (missing.length) {
      this.#asked = missing;
      missing.forEach((filter) => this.#there.add(filter));
      link.subscribe(missing, this.#handlers.since()).then((ack) => this.#answer(link, missing, ack), () => {});
    }
    if (gone.length || missing.length) {
      this.#keep();
    }
  }

  #answer(link: Link, asked: string[], ack: SubscribeAck): void {
    if (link !== this.#link) {
      return;
    }
    this.#asked = [];
    asked.forEach((filter, i) => {
      const code = ack.codes[i] ?? 0x80;
      if (code >= 0x80) {
        this.#there.delete(filter);
        this.#wanted.delete(filter);
      }
      this.#handlers.answered(filter, code >= 0x80 ? explained(ack, code, i) : undefined);
    });
    if (ack.reason.startsWith("since:")) {
      this.#handlers.lost();
    }
    this.#sync();
  }

  #left(): string[] {
    try {
      const kept: unknown = JSON.parse(this.#storage.getItem(this.#name) ?? "[]");
      return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
    } catch {
      return [];
    }
  }

  #keep(): void {
    try {
      this.#storage.setItem(this.#name, JSON.stringify([...this.#there].filter((filter) => !OWN.includes(filter))));
    } catch {
      // Without it what an earlier run followed comes too, and is passed over.
    }
  }
}

/** The reason string tells of the first filter that was refused: "filters[2].geohash: ...". */
function explained(ack: SubscribeAck, code: number, index: number): Refusal {
  const reason = ack.reason.startsWith(`filters[${index}].`) ? ack.reason.slice(ack.reason.indexOf("].") + 2) : undefined;
  return refusalOf(code, reason, reason && ack.properties.find(([name]) => name === "retry-after")?.[1]);
}
