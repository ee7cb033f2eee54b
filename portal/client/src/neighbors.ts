/* The connection that an app holds: it is made again with growing pauses, subscribes anew, goes on from what was heard, and
 * gives each thing that comes to whom it concerns. */
import type { FootageDesk, Neighbors, Publish } from "./api.js";
import { Desk } from "./footage.js";
import type { Desk as DeskPart, DeskQuery, Export, ExportPart, HistoryPage, HistoryQuery, Info } from "./generated/messages.js";
import { Inbox } from "./inbox.js";
import { Link, type Incoming } from "./link.js";
import { Memory } from "./memory.js";
import { deskCodec, deskQueryCodec, exportCodec, exportPartCodec, feedItemCodec, historyPageCodec, historyQueryCodec, infoCodec } from "./messages.js";
import { Outbox } from "./outbox.js";
import { EarlyEnds, Items, keyOf, keyOfTopic, Place } from "./place.js";
import { publisher } from "./publish.js";
import { Questions } from "./questions.js";
import { Refusal, TAKEN_OVER, Unreachable } from "./refusal.js";
import { usualStorage } from "./storage.js";
import { Subscriptions } from "./subscriptions.js";
import type { Beat, ConnectOptions, Credentials, Draft, Events, FollowHandlers, Following, Item, Near, State } from "./types.js";

const TIMEOUT_MS = 15_000, SILENCE_MS = 75_000, PAUSE_FIRST_MS = 500, PAUSE_MOST_MS = 30_000, WORKED_MS = 10_000;
/** What another try later may find otherwise: not available, busy, shutting down, over a limit, too often, not told. */
const TEMPORARY: ReadonlySet<number> = new Set([0x80, 0x83, 0x88, 0x89, 0x8b, 0x8d, 0x93, 0x96, 0x97, 0x9f, 0xa0]);

/**
 * Begins to connect, and goes on trying until close(). `url`: "wss://neighbors.example/mqtt". See also connect().
 */
export function open(url: string, credentials: Credentials, options: ConnectOptions = {}): Neighbors {
  return new Connection(url, credentials, options);
}

/** The same, and waits until it is connected: rejects with the Refusal, or Unreachable after `timeout`, and has closed then. */
export async function connect(url: string, credentials: Credentials, options: ConnectOptions = {}): Promise<Neighbors> {
  const neighbors = open(url, credentials, options);
  const timeout = options.timeout ?? TIMEOUT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreachable("the broker does not answer")), timeout);
  });
  try {
    await Promise.race([neighbors.connected, late]);
    return neighbors;
  } catch (error) {
    await neighbors.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Listeners = { [Name in keyof Events]: Set<(event: Events[Name]) => void> };

class Connection implements Neighbors {
  readonly name: string;
  readonly connected: Promise<void>;
  readonly publish: Publish;
  readonly footage: FootageDesk;
  state: State = "connecting";
  info: Info | undefined;

  readonly #url: string;
  readonly #who: Credentials;
  readonly #timeout: number;
  readonly #silence: number;
  readonly #startsAnew: boolean;
  readonly #warn: (text: string) => void;
  readonly #memory: Memory;
  readonly #items: Items;
  readonly #outbox: Outbox;
  readonly #questions: Questions;
  readonly #subscriptions: Subscriptions;
  readonly #inbox: Inbox;
  readonly #desk: Desk;
  readonly #places = new Map<string, Place>();
  readonly #early = new EarlyEnds();
  readonly #listeners: Listeners = {
    state: new Set(), heartbeat: new Set(), info: new Set(), refused: new Set(), footageRequest: new Set(), footage: new Set(), tip: new Set(),
    reward: new Set(), deleted: new Set(), moderation: new Set(), householdCode: new Set(),
  };
  #link: Link | undefined;
  #settle!: { resolve(): void; reject(why: Error): void };
  #pause = PAUSE_FIRST_MS;
  #again: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #upAt = 0;
  #received = 0;
  #beat: Beat = { asOf: 0, stale: true, missed: false };
  #ended: Refusal | Unreachable | undefined;
  #stopHearingNetwork: () => void;

  constructor(url: string, who: Credentials, options: ConnectOptions) {
    const storage = options.storage ?? usualStorage(), kept = `neighbors/${who.name}/${who.clientId}`;
    this.name = who.name;
    this.#url = url;
    this.#who = who;
    this.#timeout = options.timeout ?? TIMEOUT_MS;
    this.#silence = options.silence ?? SILENCE_MS;
    this.#startsAnew = options.startsAnew ?? false;
    this.#warn = options.warn ?? ((text) => console.warn(`neighbors: ${text}`));
    this.#memory = new Memory(storage, `${kept}/had`);
    this.#items = new Items(this.#memory);
    this.#outbox = new Outbox(this.#timeout);
    this.#questions = new Questions(this.#outbox, this.#timeout);
    this.#subscriptions = new Subscriptions(storage, `${kept}/filters`, {
      since: () => this.#memory.since(),
      answered: (filter, refusal) => this.#answered(filter, refusal),
      lost: () => this.#lost(),
    });
    this.#desk = new Desk(storage, `${kept}/footage`, this.#outbox, this.#warn, options.answersRequests ?? who.name.startsWith("user/"));
    this.#inbox = new Inbox(this.#questions, this.#desk, (name, event) => this.#tell(name, event), this.#warn);
    this.footage = this.#desk;
    this.publish = publisher(this.#outbox);
    this.connected = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.connected.catch(() => {});  // the event "refused" tells it too
    this.#stopHearingNetwork = hearNetwork(() => this.#hurry(), () => this.#memory.save());
    this.#dial();
  }

  on<Name extends keyof Events>(name: Name, handler: (event: Events[Name]) => void): () => void {
    this.#listeners[name].add(handler);
    return () => void this.#listeners[name].delete(handler);
  }

  follow(near: Near, handlers: FollowHandlers): Following {
    const key = keyOf(near), known = this.#places.get(key);
    const place = known ?? new Place({ ...near });
    const listener = { ...handlers };
    if (known) {
      queueMicrotask(() => place.listeners.has(listener) && [...place.alerts.values()].forEach((item) => listener.item(item)));
    } else {
      this.#places.set(key, place);
      this.#subscriptions.want(place.filter);
      queueMicrotask(() => this.#early.take(key).forEach((feed) => this.#hand(place, this.#items.of(feed, false, Date.now()))));
    }
    place.listeners.add(listener);
    if (this.#ended) {
      place.refused(this.#ended);
    }
    const stop = () => {
      place.listeners.delete(listener);
      if (place.listeners.size === 0 && this.#places.get(key) === place) {
        this.#places.delete(key);
        this.#subscriptions.drop(place.filter);
      }
    };
    return new Followed(place, this.#memory, () => this.state !== "connected" || this.#beat.stale, stop);
  }

  async history(query: Draft<HistoryQuery>): Promise<HistoryPage> {
    return historyPageCodec.decode(await this.#questions.ask("history", historyQueryCodec.encode(query)));
  }

  async export(query: Draft<Export> = {}): Promise<ExportPart> {
    return exportPartCodec.decode(await this.#questions.ask("export", exportCodec.encode(query)));
  }

  async desk(query: Draft<DeskQuery> = {}): Promise<DeskPart> {
    return deskCodec.decode(await this.#questions.ask("desk", deskQueryCodec.encode(query)));
  }

  async close(): Promise<void> {
    if (this.state === "closed") {
      return;
    }
    const link = this.#link;
    this.#end("closed", new Unreachable("the connection was closed"));
    await link?.close();
  }

  /* ---- connecting ---- */

  #dial(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#received = 0;  // before the connection is up: what comes along with the answer to CONNECT is told first
    this.#early.forget();
    const link: Link = new Link(this.#url, this.#who, this.#timeout, this.#startsAnew && this.#upAt === 0, {
      up: (present) => this.#up(link, present),
      message: (message) => this.#message(message),
      down: (refusal) => this.#down(link, refusal),
    });
    this.#link = link;
  }

  #up(link: Link, present: boolean): void {
    this.#upAt = Date.now();
    this.#expectHeartbeat();
    this.#subscriptions.up(link, present);
    this.#outbox.up(link);
    this.#questions.askAgain();
    this.#become("connected");
    this.#settle.resolve();
  }

  #down(link: Link, refusal: Refusal | undefined): void {
    if (link !== this.#link || this.state === "closed" || this.state === "refused") {
      return;
    }
    this.#link = undefined;
    clearTimeout(this.#watch);
    this.#subscriptions.down();
    this.#outbox.down();
    if (refusal && (this.state !== "connected" || refusal.code === TAKEN_OVER) && !TEMPORARY.has(refusal.code)) {
      this.#end("refused", refusal);
      return;
    }
    if (this.state === "connected") {
      this.#pause = Date.now() - this.#upAt > WORKED_MS ? PAUSE_FIRST_MS : this.#pause;
      this.#become("away");
    }
    this.#again = setTimeout(() => this.#dial(), Math.max(this.#pause * (0.5 + Math.random()), (refusal?.retryAfter ?? 0) * 1000));
    this.#pause = Math.min(this.#pause * 2, PAUSE_MOST_MS);
  }

  /** The network is back, says the browser. */
  #hurry(): void {
    if (this.#again !== undefined) {
      this.#pause = PAUSE_FIRST_MS;
      this.#dial();
    }
  }

  #end(state: "closed" | "refused", why: Refusal | Unreachable): void {
    clearTimeout(this.#again);
    clearTimeout(this.#watch);
    this.#stopHearingNetwork();
    this.#memory.save();
    this.#desk.close();
    this.#ended = why;
    this.#link = undefined;
    this.#subscriptions.down();
    this.#outbox.close(why);
    this.#questions.close(why);
    this.#become(state);
    this.#settle.reject(why);
    this.#places.forEach((place) => place.refused(why));
    if (why instanceof Refusal) {
      this.#tell("refused", { refusal: why, about: "connection" });
    }
  }

  #become(state: State): void {
    if (this.state !== state) {
      this.state = state;
      this.#tell("state", state);
    }
  }

  /* ---- what comes ---- */

  #message(message: Incoming): void {
    try {
      this.#take(message);
    } catch (error) {
      this.#warn(`${message.topic.split("/", 3).join("/")}: cannot be read: ${error instanceof Error ? error.message : "?"}`);
    }
    this.#received++;
  }

  #take({ topic, payload, retained, correlation }: Incoming): void {
    const [, , kind, ...words] = topic.split("/");
    if (kind === "near") {
      this.#takeItem(keyOfTopic(words), payload, retained);
    } else if (topic === "nb/v1/inbox/heartbeat") {
      this.#takeHeartbeat(payload);
    } else if (kind === "inbox") {
      this.#inbox.take(words.join("/"), payload, correlation);
    } else if (kind === "info") {
      this.info = infoCodec.decode(payload);
      this.#tell("info", this.info);
    }
  }

  #takeItem(key: string, payload: Uint8Array, retained: boolean): void {
    const place = this.#places.get(key);
    if (!place) {  // of an earlier run of the app
      this.#subscriptions.refuse(`nb/v1/near/${key}/#`);
      this.#early.keep(key, feedItemCodec.decode(payload));
      return;
    }
    const feed = feedItemCodec.decode(payload), item = this.#items.of(feed, retained, Date.now());
    this.#memory.noteCursor(feed.channel, feed.cursor);
    if (feed.gap) {
      place.gap(feed);
    } else {
      this.#hand(place, item);
    }
  }

  #hand(place: Place, item: Item | undefined): void {
    if (item && place.take(item) && item.kind === "alert") {
      this.#memory.noteAlert(item.key, item.alert.revision, item.alert.state === "ENDED");
    }
  }

  #takeHeartbeat(payload: Uint8Array): void {
    const { cursors, asOf, stale, itemsSent } = this.#inbox.heartbeat(payload);
    for (const { channel, cursor } of cursors) {
      this.#memory.noteCursor(channel, cursor);
    }
    this.#beat = { asOf, stale, missed: itemsSent > this.#received };
    if (!stale) {
      this.#memory.heard = asOf;
      this.#places.forEach((place) => place.settleDoubts(Date.now()));
    }
    this.#expectHeartbeat();
    this.#tell("heartbeat", this.#beat);
  }

  /** A connection on which no heartbeat comes is none, whatever the network says. */
  #expectHeartbeat(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#link?.drop(), this.#silence);
  }

  #answered(filter: string, refusal: Refusal | undefined): void {
    const place = [...this.#places.values()].find((one) => one.filter === filter);
    if (!refusal) {
      place?.followed();
      return;
    }
    if (place) {
      this.#places.delete(keyOf(place.near));
      place.refused(refusal);
    }
    this.#tell("refused", { refusal, about: place ? "place" : "connection", ...(place && { near: place.near }) });
  }

  #lost(): void {
    for (const place of this.#places.values()) {
      place.gap({ channel: "", cell: "", cursor: "", gap: { from: this.#memory.heard, to: Date.now() } });
    }
  }

  /** A handler that fails must not take from the others what concerns them. */
  #tell<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const handler of [...this.#listeners[name]]) {
      try {
        handler(event);
      } catch (error) {
        seenBySomebody(error);
      }
    }
  }
}

class Followed implements Following {
  readonly #place: Place;
  readonly #memory: Memory;
  readonly #isStale: () => boolean;
  readonly stop: () => void;

  constructor(place: Place, memory: Memory, isStale: () => boolean, stop: () => void) {
    this.#place = place;
    this.#memory = memory;
    this.#isStale = isStale;
    this.stop = stop;
  }
  get near(): Near {
    return this.#place.near;
  }
  get alerts(): Following["alerts"] {
    return this.#place.alerts;
  }
  get ready(): Promise<void> {
    return this.#place.ready;
  }
  get lastHeard(): number {
    return this.#memory.heard;
  }
  get stale(): boolean {
    return this.#isStale();
  }
}

/** As the browser does with what an event handler throws: it is seen, and nothing else stops. */
function seenBySomebody(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** In a browser: tells when the network is back, and before the page goes. Gives back what ends that. */
function hearNetwork(back: () => void, leaving: () => void): () => void {
  if (typeof addEventListener !== "function") {
    return () => {};
  }
  addEventListener("online", back);
  addEventListener("pagehide", leaving);
  return () => {
    removeEventListener("online", back);
    removeEventListener("pagehide", leaving);
  };
}
