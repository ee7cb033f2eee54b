/* What this library hands out and takes, beside the messages of the schema (generated/messages.ts). */
import type {
  Activity, Alert, Deleted, Footage, FootageRequest, Gap, HouseholdCode, Info, Moderation, Reward, Tip,
} from "./generated/messages.js";
import type { Refusal } from "./refusal.js";
import type { Storage } from "./storage.js";

/** A message as one writes it: what is left out is "not told". */
export type Draft<T> = T extends Uint8Array ? Uint8Array : T extends (infer One)[] ? Draft<One>[]
  : T extends object ? { [Key in keyof T]?: Draft<T[Key]> } : T;

/** Who speaks. A token may be good for one client id only (`neighbors enroll --instance`). */
export interface Credentials {
  name: string;      // "user/ann", "agency/el-monte-police"
  token: string;
  clientId: string;  // this phone or browser: the same each time that it comes
}

export interface ConnectOptions {
  /** What is kept from one run of the app to the next. Left out: localStorage in a browser, memory elsewhere. */
  storage?: Storage;
  /** Whether footage requests are answered at their time (residents; see Footage). Left out: yes. */
  answersRequests?: boolean;
  /**
   * Begins a new session in the place of this client's former one: whatever stands in the inbox comes again. For who keeps
   * nothing of it. Left out: no.
   */
  startsAnew?: boolean;
  /** Milliseconds that the broker has for an answer. Left out: 15000. */
  timeout?: number;
  /** Milliseconds without any sign of life from the broker after which the connection counts as lost. Left out: 75000. */
  silence?: number;
  /** Called for what an app can do nothing about: an item that cannot be read. Left out: console.warn. Without personal data. */
  warn?: (text: string) => void;
}

/**
 * connecting: the first connection is being made; connected; away: it is lost and being made again;
 * refused: the broker does not want it (see the event "refused"), nothing is tried any more; closed: by close().
 */
export type State = "connecting" | "connected" | "away" | "refused" | "closed";

/** What is followed: the circle of one of the radii around the middle of a leaf cell. */
export interface Near {
  cell: string;    // geohash; snap() makes it of a position
  metres: number;  // 400, 800, 1600, 3200 or 8000
  /** Of alerts that are not meant for the public, this class alone. Left out: activity and all that is meant for it. */
  class?: "exercise" | "system" | "test" | "draft";
}

interface Told {
  cell: string;      // leaf cell it lies in; "" for areas
  channel: string;
  cursor: string;
  /** It was in force already when the following began, or began again. */
  retained: boolean;
  /** False: an earlier run of the app on this storage had just this already. */
  fresh: boolean;
  receivedAt: number;  // ms, by this device's clock
}
/** A state of an alert. `alert.state` ENDED: show it no more; it may be one that was never shown. */
export interface AlertItem extends Told {
  kind: "alert";
  key: string;  // the alert's public id
  alert: Alert;
}
/** What a shared device saw. */
export interface ActivityItem extends Told {
  kind: "activity";
  key: string;  // unlike that of every other
  activity: Activity;
}
export type Item = AlertItem | ActivityItem;

export interface FollowHandlers {
  /** Each state of each alert, and each activity, once. The same object goes to every place that it concerns. */
  item(item: Item): void;
  /** What was between two times is not kept any more: say so, or ask history(). */
  gap?(gap: Gap): void;
  /** The broker does not let this place be followed; it is stopped. Left out: the "refused" event alone tells. */
  refused?(refusal: Refusal): void;
}

export interface Following {
  readonly near: Near;
  /** Alerts in force here, by public id, as last told. */
  readonly alerts: ReadonlyMap<string, AlertItem>;
  /** Resolves when the broker follows; rejects with the Refusal, or with Unreachable when the connection was closed before. */
  readonly ready: Promise<void>;
  /** Up to when silence is proved to be silence: ms; 0: not yet. */
  readonly lastHeard: number;
  /** True while silence proves nothing: away, or the broker itself is behind. */
  readonly stale: boolean;
  stop(): void;
}

/** The broker's word that something is stored. */
export interface Receipt {
  /** The sender's own name for it, as it went out. */
  senderId?: string;
  publicId?: string;        // of an alert
  revision?: number;
  requestId?: string;       // of a footage request
  conversationId?: string;  // of a tip
  left?: number;            // of a reward's programme
  /** An agency's alert waits for a second officer. */
  pending?: string;
  /** Why nobody sees it (yet). */
  notShown?: string;
  /** What of it was refused while the rest stands. */
  refused: Refusal[];
  properties: readonly (readonly [string, string])[];
}

export interface PublishOptions {
  /** While away: "wait" until connected again or the time is up; "reject" at once. Left out: "wait". */
  whileAway?: "wait" | "reject";
  /** Milliseconds in all. Left out: that of the connection, once connected; without an end while away. */
  timeout?: number;
}

/** The proof that silence is silence, each 30 seconds. */
export interface Beat {
  asOf: number;      // ms; everything up to here was looked at
  stale: boolean;    // more than 5 seconds old
  missed: boolean;   // fewer items came on this connection than the broker sent
}

/** A refusal that no call is waiting for. */
export interface RefusedEvent {
  refusal: Refusal;
  /** Of the connection; of a place that is not followed; of something published, where the acknowledgement could not say it. */
  about: "connection" | "place" | "publish";
  near?: Near;
  topic?: string;
}

/** What on() tells. */
export interface Events {
  state: State;
  heartbeat: Beat;
  info: Info;            // what the broker says of itself: behind "connected", and whenever it changes
  refused: RefusedEvent;
  footageRequest: FootageRequest;
  footage: Footage;      // to an agency
  tip: Tip;
  reward: Reward;
  deleted: Deleted;
  moderation: Moderation;
  householdCode: HouseholdCode;
}

/** What an owner shares of one recording. It is sealed to the agency's certificate before it leaves. */
export interface ClipToShare {
  clipId: string;     // the owner's own name for it: 1 to 64 of A-Za-z0-9._-; told to nobody
  deleteBy?: number;  // ms; when the consent ends, at most 180 days ahead. Left out: in 30 days
  purpose?: string;   // what is consented to. Left out: the investigation of that case, nothing else
  device?: string;
  from?: number;      // ms; of the recording
  to?: number;
  note?: string;
  reference?: string; // where the recording may be had
  still?: Uint8Array; // JPEG or PNG, at most 30000 bytes
}

/** A footage request as this device has it. */
export interface HeldRequest {
  request: FootageRequest;
  /** What was decided so far, by clip; it leaves at request.answerAt, or left already. */
  decisions: ReadonlyMap<string, "SHARE" | "DECLINE" | "WITHDRAW">;
  sent: boolean;
}
