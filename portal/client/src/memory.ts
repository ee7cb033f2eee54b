/* What a follower has had, kept from one run of the app to the next: the newest cursor of each channel, so that it goes on from
 * there, and the revisions of alerts that were shown, so that an app can mark what is new. */
import type { Storage } from "./storage.js";

/** As many as are kept: a session may follow so many channels (Heartbeat). */
const CHANNELS = 512, ALERTS = 2000, SAVE_MS = 1000;

interface Kept {
  heard: number;
  channels: Record<string, string>;
  alerts: Record<string, [revision: number, ended: boolean]>;
}

export class Memory {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #channels: Map<string, string>;
  readonly #alerts: Map<string, [number, boolean]>;
  /** Up to when everything was heard: ms; 0: nothing yet. */
  heard: number;
  readonly #before: Map<string, [number, boolean]>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** name: of the entry in the storage. */
  constructor(storage: Storage, name: string) {
    this.#storage = storage;
    this.#name = name;
    const kept = read(storage, name);
    this.heard = kept.heard;
    this.#channels = new Map(Object.entries(kept.channels));
    this.#alerts = new Map(Object.entries(kept.alerts));
    this.#before = new Map(this.#alerts);
  }

  /** "<channel>:<cursor>" of each channel, at most 512. */
  since(): string[] {
    return [...this.#channels].slice(-CHANNELS).map(([channel, cursor]) => `${channel}:${cursor}`);
  }

  noteCursor(channel: string, cursor: string): void {
    if (channel && cursor) {
      this.#channels.delete(channel);  // so that those at the front are those that were heard of longest ago
      this.#channels.set(channel, cursor);
      this.#saveSoon();
    }
  }

  noteAlert(publicId: string, revision: number, ended: boolean): void {
    this.#alerts.delete(publicId);  // so that those at the front are those that were told longest ago
    this.#alerts.set(publicId, [revision, ended]);
    this.#saveSoon();
  }

  /** Whether an earlier run of the app had this state of the alert, or a later one. */
  hadBefore(publicId: string, revision: number, ended: boolean): boolean {
    const [had, hadEnd] = this.#before.get(publicId) ?? [0, false];
    return revision < had || (revision === had && (hadEnd || !ended));
  }

  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kept: Kept = {
      heard: this.heard,
      channels: Object.fromEntries([...this.#channels].slice(-CHANNELS)),
      alerts: Object.fromEntries([...this.#alerts].slice(-ALERTS)),
    };
    try {
      this.#storage.setItem(this.#name, JSON.stringify(kept));
    } catch {
      // The storage is full or forbidden: the next run begins as if it were the first.
    }
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => this.save(), SAVE_MS);
  }
}

function read(storage: Storage, name: string): Kept {
  try {
    const kept: unknown = JSON.parse(storage.getItem(name) ?? "{}");
    const { channels, alerts, heard } = (kept ?? {}) as Partial<Kept>;
    return { channels: channels ?? {}, alerts: alerts ?? {}, heard: heard ?? 0 };
  } catch {
    return { channels: {}, alerts: {}, heard: 0 };
  }
}
