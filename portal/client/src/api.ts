/* The connection as an app sees it: one object, made by connect() or open(). */
import type {
  Alert, Desk, DeskQuery, Export, ExportPart, Flag, FootageRequest, Forget, HistoryPage, HistoryQuery, HouseholdStep, Info, PushSubscription,
  Resolve, Reward, Settings, Tip, Verdict, Witness,
} from "./generated/messages.js";
import type {
  ClipToShare, Draft, Events, FollowHandlers, Following, HeldRequest, Near, PublishOptions, Receipt, State,
} from "./types.js";

/** One connection to a broker, which is made again whenever it is lost. */
export interface Neighbors {
  readonly name: string;  // "user/ann"
  readonly state: State;
  /** Resolves when connected for the first time; rejects with the Refusal when the broker does not want it. */
  readonly connected: Promise<void>;
  /** What the broker says of itself; undefined until the event "info". */
  readonly info: Info | undefined;

  /** Calls `handler` for each such event; gives back what ends that. */
  on<Name extends keyof Events>(name: Name, handler: (event: Events[Name]) => void): () => void;

  /** Follows a place: what is in force first, then what was missed since this storage last heard, then what happens. */
  follow(near: Near, handlers: FollowHandlers): Following;

  readonly publish: Publish;
  /** A resident's answers to footage requests. */
  readonly footage: FootageDesk;

  /** One page of the past. `nearCell` with `metres`, or `cells`. */
  history(query: Draft<HistoryQuery>): Promise<HistoryPage>;
  /** What is held about one's household, a part at a time: with `page` of the part before's `next`. */
  export(query?: Draft<Export>): Promise<ExportPart>;

  /** What an agency has here, a part at a time: with `page` of the part before's `next`. */
  desk(query?: Draft<DeskQuery>): Promise<Desk>;

  /** Leaves. What was not acknowledged is rejected with Unreachable. */
  close(): Promise<void>;
}

/**
 * Each resolves when the broker has stored it, and rejects with a Refusal, or with Unreachable when the time was up. What
 * needs a name of its sender (senderAlertId ...) and has none is given one that nobody else has, and keeps it through every
 * retry: so it is never stored twice.
 */
export interface Publish {
  alert(alert: Draft<Alert>, options?: PublishOptions): Promise<Receipt>;
  witness(witness: Draft<Witness>, options?: PublishOptions): Promise<Receipt>;
  flag(flag: Draft<Flag>, options?: PublishOptions): Promise<Receipt>;
  verdict(verdict: Draft<Verdict>, options?: PublishOptions): Promise<Receipt>;
  footageRequest(request: Draft<FootageRequest>, options?: PublishOptions): Promise<Receipt>;
  resolve(resolve: Draft<Resolve>, options?: PublishOptions): Promise<Receipt>;
  tip(tip: Draft<Tip>, options?: PublishOptions): Promise<Receipt>;
  reward(reward: Draft<Reward>, options?: PublishOptions): Promise<Receipt>;
  settings(settings: Draft<Settings>, options?: PublishOptions): Promise<Receipt>;
  /** A code that a household was given, or the wish for one for a neighbor: it comes as the event "householdCode". */
  household(step: Draft<HouseholdStep>, options?: PublishOptions): Promise<Receipt>;
  /** Notices while away, by Web Push: what PushManager.subscribe gave, with the places to be told of. */
  push(subscription: Draft<PushSubscription>, options?: PublishOptions): Promise<Receipt>;
  forget(forget: Draft<Forget>, options?: PublishOptions): Promise<Receipt>;
  /** An agency's CAP 1.2 document, as it is. */
  cap(document: string | Uint8Array, options?: PublishOptions): Promise<Receipt>;
}

/**
 * Agencies' requests for footage, and the owner's answers. So that nobody on the way learns what an owner decides, every
 * device that got a request sends one answer of one size at the request's `answerAt`, also when nothing was decided: this
 * library does that by itself while it runs, or when it runs again. What is decided before then leaves with it.
 */
export interface FootageDesk {
  /** Requests that take answers still, by request id. */
  readonly requests: ReadonlyMap<string, HeldRequest>;
  /** Seals the clip to the agency's certificate and puts it into the answer. Rejects with a Refusal when it is too much. */
  share(requestId: string, clip: ClipToShare): Promise<void>;
  /** The same as saying nothing, but for this device's own memory. */
  decline(requestId: string, clipId: string): Promise<void>;
  /** Takes back: before the answer left it never leaves; afterwards the agency is told at once to delete it. */
  withdraw(requestId: string, clipId: string): Promise<void>;
}
