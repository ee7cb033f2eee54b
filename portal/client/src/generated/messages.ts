// Made by scripts/generate.mjs from proto/neighbors.proto. Do not edit.
//
// Times are milliseconds since 1970 UTC, coordinates 1e-7 degree, distances metres; 0, "" and UNSPECIFIED mean "not told".

export interface Position {
  /** latitude, 1e-7 degree, north positive */
  latE7: number;
  /** longitude, 1e-7 degree, east positive */
  lonE7: number;
}

export interface Circle {
  center?: Position;
  /** 1 to 500000 metres */
  radiusM: number;
}

/** A closed line: at least 4 points, the last the same as the first. Edges are straight in latitude and longitude. */
export interface Ring {
  points: Position[];
}

/** One area: its outline first, then the holes in it. */
export interface Polygon {
  /** 1 to 64 */
  rings: Ring[];
}

export interface MultiPolygon {
  /** 1 to 1024; at most 65536 points in all */
  polygons: Polygon[];
}

/** Exactly one of the three. */
export interface Place {
  point?: Position;
  circle?: Circle;
  polygons?: MultiPolygon;
}

export type Phase =
  | "UNSPECIFIED"
  | "START"  // an activity began
  | "UPDATE"  // it goes on, and something about it changed
  | "END"  // it is over
  | "PULSE";  // it has no duration: a bell was rung
export const PHASES: readonly Phase[] = [
  "START", "UPDATE", "END", "PULSE",
];

export type MotionKind =
  | "UNSPECIFIED"
  | "MOTION"  // something moved; the device does not say what
  | "PERSON"
  | "VEHICLE"
  | "ANIMAL"
  | "PACKAGE"
  | "DOORBELL"
  | "SOUND";  // glass, alarm, shouting
export const MOTION_KINDS: readonly MotionKind[] = [
  "MOTION", "PERSON", "VEHICLE", "ANIMAL", "PACKAGE", "DOORBELL", "SOUND",
];

/** Topic nb/v1/motion, from a device or an edge. Each event stands or is refused alone. */
export interface MotionBatch {
  /** What `seq` counts within: the time at which the sender started, or a number kept with its spool. Never falls. */
  session: number;
  /** 1 to 64 */
  events: MotionEvent[];
}

export interface MotionEvent {
  /** 1, 2, 3 ... within the session: an event sent again under its number is stored once. 0: no protection is asked for. */
  seq: number;
  /** which device saw it, from an edge: 1 to 64 of A-Za-z0-9._-; a device leaves it out */
  device: string;
  /** the same from START to END; at most 64 bytes; never published */
  activityId: string;
  /** required */
  phase: Phase;
  /** required */
  kind: MotionKind;
  /** ms; when it happened; required */
  at: number;
  /** ms; when it was over, not before `at`; 0: not told */
  until: number;
  /** of `kind`, 0 to 100 percent; 0: not told */
  confidence: number;
  /** of a device that moves; a fixed device's place is the registry's */
  position?: Position;
  /** at most 128 bytes that the owner finds the recording by; opaque to the broker */
  clip: Uint8Array;
}

export type MsgType =
  | "UNSPECIFIED"  // as ALERT
  | "ALERT"  // something new
  | "UPDATE"  // takes the place of what it refers to
  | "CANCEL";  // ends what it refers to
export const MSG_TYPES: readonly MsgType[] = [
  "ALERT", "UPDATE", "CANCEL",
];

/** The words are those of topics, hence lower case. */
export type Category =
  | "UNSPECIFIED"
  | "crime"
  | "safety"
  | "suspicious"
  | "fire"
  | "medical"
  | "missing"
  | "lost_pet"
  | "hazard"
  | "weather"
  | "other";
export const CATEGORIES: readonly Category[] = [
  "crime", "safety", "suspicious", "fire", "medical", "missing", "lost_pet", "hazard", "weather", "other",
];

/** Severity, urgency and certainty mean what the OASIS Common Alerting Protocol 1.2 means by them. */
export type Severity =
  | "UNSPECIFIED"  // as UNKNOWN
  | "UNKNOWN"
  | "MINOR"
  | "MODERATE"
  | "SEVERE"
  | "EXTREME";
export const SEVERITIES: readonly Severity[] = [
  "UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME",
];

export type Urgency =
  | "UNSPECIFIED"  // as UNKNOWN
  | "UNKNOWN"
  | "PAST"
  | "FUTURE"  // act in the near future
  | "EXPECTED"  // act soon, within the hour
  | "IMMEDIATE";  // act at once
export const URGENCIES: readonly Urgency[] = [
  "UNKNOWN", "PAST", "FUTURE", "EXPECTED", "IMMEDIATE",
];

export type Certainty =
  | "UNSPECIFIED"  // as UNKNOWN
  | "UNKNOWN"
  | "UNLIKELY"
  | "POSSIBLE"
  | "LIKELY"  // more than 50 percent
  | "OBSERVED";  // happened, or is going on
export const CERTAINTIES: readonly Certainty[] = [
  "UNKNOWN", "UNLIKELY", "POSSIBLE", "LIKELY", "OBSERVED",
];

export type AlertState =
  | "UNSPECIFIED"
  | "IN_FORCE"
  | "ENDED";  // cancelled, expired, or no longer here: show it no more
export const ALERT_STATES: readonly AlertState[] = [
  "IN_FORCE", "ENDED",
];

export type SenderKind =
  | "UNSPECIFIED"
  | "USER"  // a resident
  | "AGENCY";  // a partner agency
export const SENDER_KINDS: readonly SenderKind[] = [
  "USER", "AGENCY",
];

export type Truth =
  | "UNSPECIFIED"
  | "UNVERIFIED"
  | "CORROBORATED"  // others saw it too
  | "CONFIRMED"  // an agency says that it is so
  | "REFUTED";  // an agency says that it is not so
export const TRUTHS: readonly Truth[] = [
  "UNVERIFIED", "CORROBORATED", "CONFIRMED", "REFUTED",
];

/** What an alert is for. All but ACTUAL reach only those who follow that class by its name ("exercise", "test" ...). */
export type AlertStatus =
  | "UNSPECIFIED"  // as ACTUAL
  | "ACTUAL"
  | "EXERCISE"
  | "SYSTEM"
  | "TEST"
  | "DRAFT";
export const ALERT_STATUSES: readonly AlertStatus[] = [
  "ACTUAL", "EXERCISE", "SYSTEM", "TEST", "DRAFT",
];

/** The same in another language. */
export interface AlertText {
  /** as in BCP 47 */
  language: string;
  headline: string;
  description: string;
  instruction: string;
  web: string;
  event: string;
}

/** Topic nb/v1/alert, from a resident or an agency; delivered within a FeedItem. */
export interface Alert {
  /**
   * The sender's own name for this message: 1 to 64 printable ASCII characters without spaces; required. The same name
   * with the same bytes is a repeat, with other bytes it is refused.
   */
  senderAlertId: string;
  msgType: MsgType;
  /** UPDATE, CANCEL: 1 to 64 sender_alert_ids of the same sender; not with ALERT */
  references: string[];
  /** required but for CANCEL */
  category: Category;
  severity: Severity;
  urgency: Urgency;
  certainty: Certainty;
  /** at most 360 bytes; required but for CANCEL */
  headline: string;
  /**
   * What happened; at most 4096 bytes. From a resident: required for crime and suspicious, and (there, and of all others
   * but missing, lost_pet and medical, where the headline may say it) more than what somebody looks like: what was done,
   * which way they went, the vehicle, the clothing.
   */
  description: string;
  /** what to do; at most 4096 bytes */
  instruction: string;
  /** http or https address of more; at most 1024 bytes */
  web: string;
  /** of the texts, as in BCP 47 ("es-US"); at most 35 bytes */
  language: string;
  /** required but for CANCEL */
  place?: Place;
  /** ms; from when it holds; 0: at once */
  effective: number;
  /**
   * ms; until when it holds, after `effective`, at most 30 days ahead. Required of an agency. 0: 24 hours; suspicious 2 hours,
   * missing and lost_pet 7 days.
   */
  expires: number;
  /** an agency's; at most 64 bytes */
  caseNumber: string;
  /** an agency's, in words; at most 360 bytes */
  rewardOffer: string;
  /**
   * Set by the broker.
   * the alert's name in public, the same through all its revisions
   */
  publicId: string;
  /** 1, 2, 3 ...; drop what is not above the one you have */
  revision: number;
  state: AlertState;
  senderKind: SenderKind;
  truth: Truth;
  /** how many reports are in it */
  merged: number;
  /** an agency's public name; empty for residents */
  senderName: string;
  /** An agency's too. */
  status: AlertStatus;
  /** what it is about, in a word or two ("Tornado Warning"); at most 360 bytes */
  event: string;
  /** in further languages, at most 16; a follower gets the one that it wished for above */
  texts: AlertText[];
  /** set by the broker: the agency's own document is at /v1/cap/<public id> */
  hasDocument: boolean;
}

/** What a shared device saw, as the public gets it: no device, no owner, no name of the activity. */
export interface Activity {
  kind: MotionKind;
  phase: Phase;
  /** ms, a whole minute */
  at: number;
  confidence: number;
}

/** What was between the two times is no longer kept, or never reached us: ask the history, or live with not knowing. */
export interface Gap {
  /** ms */
  from: number;
  /** ms */
  to: number;
}

/** Topics nb/v1/near/... and nb/v1/cell/...: one thing that concerns a followed place. */
export interface FeedItem {
  /** geohash of the channel that bore it */
  channel: string;
  /** geohash of the leaf cell it lies in; empty for areas */
  cell: string;
  /** opaque; with `channel` as user property `since` one goes on behind this item */
  cursor: string;
  activity?: Activity;
  alert?: Alert;
  gap?: Gap;
}

export interface ChannelCursor {
  channel: string;
  cursor: string;
}

/**
 * Topic nb/v1/inbox/heartbeat, each 30 seconds: what was delivered so far is all that there was, but for what the
 * session's settings leave out or make wait; a cursor stays before activity that waits.
 */
export interface Heartbeat {
  /** of each followed channel; at most 512 */
  cursors: ChannelCursor[];
  /** ms; everything up to this moment has been looked at */
  asOf: number;
  /** as_of is more than 5 seconds old: silence proves nothing now */
  stale: boolean;
  /** On this connection, with those larger than its packets may be: a client that counted fewer has lost some. */
  itemsSent: number;
}

/** On nb/v1/inbox/reply/moderation of whoever sent the alert: what became of it, and why. */
export interface Moderation {
  publicId: string;
  /** "held", "released", "removed", "confirmed", "refuted", "approved", "banned", "unbanned" */
  decision: string;
  reason: string;
  /** ms */
  at: number;
  /** ms; of a ban */
  until: number;
}

/** Topic nb/v1/witness, from a resident: I saw it too. */
export interface Witness {
  /** of the alert; required */
  publicId: string;
  /** at most 360 bytes; may be empty */
  remark: string;
  /** ms; when it was seen; 0: not told */
  at: number;
}

export type FlagReason =
  | "UNSPECIFIED"
  | "FALSE_REPORT"
  | "DISCRIMINATION"  // describes somebody by race, religion, origin
  | "HARASSMENT"
  | "PRIVACY"  // shows or names somebody who may not be shown or named
  | "SPAM"
  | "OTHER";
export const FLAG_REASONS: readonly FlagReason[] = [
  "FALSE_REPORT", "DISCRIMINATION", "HARASSMENT", "PRIVACY", "SPAM", "OTHER",
];

/**
 * Topic nb/v1/flag, from a resident: this should not be here. From the sender of an alert that is held back, it is the
 * appeal, and the remark says why.
 */
export interface Flag {
  /** of the alert; required */
  publicId: string;
  /** required */
  reason: FlagReason;
  /** at most 360 bytes */
  remark: string;
}

export type VerdictDecision =
  | "UNSPECIFIED"
  | "CONFIRMED"  // it is so
  | "REFUTED"  // it is not so
  | "APPROVED"  // a second officer lets a colleague's alert go out
  | "RELEASED"  // what was held back after flags goes out again
  | "REMOVED";  // it ends, and is not shown again
export const VERDICT_DECISIONS: readonly VerdictDecision[] = [
  "CONFIRMED", "REFUTED", "APPROVED", "RELEASED", "REMOVED",
];

/** Topic nb/v1/verdict, from an agency or an operator. It becomes part of the public record. */
export interface Verdict {
  /** of the alert; required */
  publicId: string;
  /** that was looked at; 0: whichever is in force */
  revision: number;
  /** required */
  decision: VerdictDecision;
  /** at most 360 bytes; shown in the public record */
  reason: string;
  /** at most 64 bytes */
  caseNumber: string;
}

/**
 * Of what footage may be asked for: a closed list. Protests and other lawful assembly are not in it, and nothing is
 * that could stand for them.
 */
export type IncidentType =
  | "UNSPECIFIED"
  | "BURGLARY"
  | "ROBBERY"
  | "THEFT"
  | "VEHICLE_THEFT"
  | "ASSAULT"
  | "SHOOTING"
  | "HOMICIDE"
  | "ARSON"
  | "VANDALISM"
  | "HIT_AND_RUN"
  | "MISSING_PERSON"
  | "ABDUCTION";
export const INCIDENT_TYPES: readonly IncidentType[] = [
  "BURGLARY", "ROBBERY", "THEFT", "VEHICLE_THEFT", "ASSAULT", "SHOOTING", "HOMICIDE", "ARSON", "VANDALISM", "HIT_AND_RUN", "MISSING_PERSON", "ABDUCTION",
];

/**
 * Topic nb/v1/footage-request, from an agency with a certificate and an officer who is named; then
 * nb/v1/inbox/footage-request of those owners whom the broker asks. The PUBACK says that it is stored (user property
 * `request-id`) and nothing more: the agency never learns who was asked, how many, or who ignored it. It cannot be
 * changed; sent again with the same bytes it is the same request.
 */
export interface FootageRequest {
  /** the agency's own name for it: 1 to 64 printable ASCII characters; required */
  senderRequestId: string;
  /** of the investigation; at most 64 bytes; two requests a case; required */
  caseNumber: string;
  /** required */
  incident: IncidentType;
  /** what is sought, in words; at most 1024 bytes; public; required */
  sought: string;
  /** whom to ask about it: mail address or telephone; at most 360 bytes; required */
  contact: string;
  /** circle or polygons: 0.025 to 0.5 square miles in whole cells of precision 7; required */
  place?: Place;
  /** ms; of the footage asked for, not older than 45 days; required */
  from: number;
  /** ms; 15 minutes to 12 hours after `from`, not in the future; required */
  to: number;
  /** ms; until when answers are taken, at most 14 days; 0: 3 days */
  openUntil: number;
  /**
   * Set by the broker.
   * the request's name in public
   */
  requestId: string;
  agencyName: string;
  /** X.509, DER; what is shared is sealed to it */
  agencyCertificate: Uint8Array;
  /** to an owner: which of the owner's devices may have seen it; to nobody else */
  devices: string[];
  /** ms; when every client that got this sends its one answer, whatever its owner did */
  answerAt: number;
  /** it takes no answers any more: the case was closed; the rest may be missing */
  ended: boolean;
}

export type CaseOutcome =
  | "UNSPECIFIED"
  | "SOLVED"
  | "UNSOLVED"  // given up
  | "UNFOUNDED";  // nothing had happened
export const CASE_OUTCOMES: readonly CaseOutcome[] = [
  "SOLVED", "UNSOLVED", "UNFOUNDED",
];

/** Topic nb/v1/resolve, from an agency: the case is closed, its requests end. It becomes part of the public record. */
export interface Resolve {
  /** at most 64 bytes; required */
  caseNumber: string;
  /** required */
  outcome: CaseOutcome;
  /** those to end; none: all of the case; at most 16 */
  requestIds: string[];
  /** at most 360 bytes; public */
  remark: string;
}

/** Where a household lives: a code that it was given is given back, or a neighbor is invited. One of the two. */
export interface HouseholdStep {
  /** as it was given; at most 16 bytes */
  code: string;
  /** asks for a code for a household near by; it comes on the inbox (reply/household) */
  invite: boolean;
}

export interface HouseholdCode {
  /** for the neighbor, good once */
  code: string;
  /** ms */
  expires: number;
}

export type FootageDecision =
  | "UNSPECIFIED"
  | "SHARE"
  | "DECLINE"  // nobody is told: as if nothing had been said
  | "WITHDRAW";  // what was shared before is to be deleted; the agency is told
export const FOOTAGE_DECISIONS: readonly FootageDecision[] = [
  "SHARE", "DECLINE", "WITHDRAW",
];

/** What an owner says of one recording. */
export interface ClipAnswer {
  /** the owner's own name for it: 1 to 64 of A-Za-z0-9._-; told to nobody; required */
  clipId: string;
  /** required */
  decision: FootageDecision;
  /** SHARE: a SealedClip in JSON as CMS EnvelopedData (RFC 5652), DER, to the request's */
  sealed: Uint8Array;
  /**
   * agency_certificate
   * ms; SHARE: when the owner's consent ends, at most 180 days from now; required
   */
  deleteBy: number;
}

/**
 * Topic nb/v1/footage-answer, from the resident who was asked. So that nobody on the way can tell what it says, the
 * payload is exactly 65536 bytes long (in protobuf by `padding`, in JSON by white space behind it), and every client
 * that got a request sends exactly one, at the request's answer_at: without clips when its owner said nothing. The
 * PUBACK says that it came, and is the same for all of them, also for a request of which nothing is known here.
 */
export interface FootageAnswer {
  /** required */
  requestId: string;
  /** at most 8, together at most 45056 bytes sealed; none: nothing is said */
  clips: ClipAnswer[];
  /** of zeros or anything else; looked at by nobody */
  padding: Uint8Array;
}

/** What is inside ClipAnswer.sealed, as JSON. */
export interface SealedClip {
  requestId: string;
  /** with the request, what it is for: for nothing else */
  caseNumber: string;
  /** what the owner consents to, in words; at most 360 bytes */
  purpose: string;
  /** ms; to be deleted then */
  deleteBy: number;
  /** the owner's name for it; may be empty */
  device: string;
  /** ms; of the recording */
  from: number;
  /** ms */
  to: number;
  /** at most 4096 bytes */
  note: string;
  /** where the recording may be had; at most 1024 bytes */
  reference: string;
  /** of `still`, as "image/jpeg" */
  mediaType: string;
  /** a small picture */
  still: Uint8Array;
}

/**
 * On nb/v1/inbox/footage of the agency: what an owner shared, or that it was withdrawn. Comes with others in batches at
 * fixed times, in an order that tells nothing, and only when enough households were asked.
 */
export interface Footage {
  requestId: string;
  caseNumber: string;
  /** the clip's name here; two clips of one household have nothing in common */
  clipId: string;
  /** CMS EnvelopedData (RFC 5652), DER */
  sealed: Uint8Array;
  /** ms; until when the agency may keep it */
  deleteBy: number;
  /** its owner took it back: delete it; without `sealed` */
  withdrawn: boolean;
  /** ms; of the batch */
  at: number;
}

/**
 * Topic nb/v1/tip, from a resident to an agency, and the conversation that follows, which reaches the other side on
 * nb/v1/inbox/tip. The agency knows the resident by the conversation's id alone. What begins one has `agency`, what goes on
 * with one has `conversation_id`; an agency can only go on. Kept for 60 days after the last message.
 */
export interface Tip {
  /** the sender's own name for this message: 1 to 64 printable ASCII characters; required */
  senderTipId: string;
  /** of the tip that this goes on with; empty: a new one */
  conversationId: string;
  /** the id to whom ("el-monte-police"); in a new tip */
  agency: string;
  /** of a new tip: public id of an alert or a request; may be empty */
  about: string;
  /** of a new tip: at most 64 bytes; may be empty */
  caseNumber: string;
  /** at most 4096 bytes */
  text: string;
  /** instead of text: CMS EnvelopedData (RFC 5652), DER, at most 16384 bytes */
  sealed: Uint8Array;
  /** of a new tip: SHA-256 of a code that the sender keeps: who has it may claim a reward */
  claimHash: Uint8Array;
  /** Set by the broker. */
  fromAgency: boolean;
  /** ms */
  at: number;
  /** of this message: drop what comes again */
  tipId: string;
}

/**
 * Topic nb/v1/reward, from an agency; what it grants comes on nb/v1/inbox/reward of the one who gave the tip. One of three:
 * `stock`:           the programme has so many rewards in all, given and left ("20 doorbell cameras"); `reward` says what
 * `conversation_id`: a tip earned one of the programme; one is taken from the stock, and a tip earns one a programme
 * `redeem`:          the voucher of that number was handed in; a second time is refused
 */
export interface Reward {
  /** of the tip */
  conversationId: string;
  /** required with conversation_id; at most 64 bytes; becomes part of the public record */
  caseNumber: string;
  /** what it is, in words; at most 360 bytes; required with `stock` */
  reward: string;
  /** worth, in hundredths of `currency`; 0: not told */
  amountCents: number;
  /** ISO 4217 ("USD") */
  currency: string;
  /** how to claim it; at most 4096 bytes; to the tipster alone */
  claimText: string;
  /** ms; at most a year ahead; 0: a year */
  claimUntil: number;
  /** Set by the broker. */
  agencyName: string;
  /** the agency's own name for this message: 1 to 64 printable ASCII characters; required */
  senderRewardId: string;
  /** the agency's name of it: 1 to 64 of A-Za-z0-9._-; required */
  programme: string;
  /** 1 to 1000000 */
  stock: number;
  /** number of a voucher */
  redeem: number;
  /**
   * Set by the broker.
   * of the voucher within its programme, from 1
   */
  number: number;
  /**
   * A JSON Web Signature (RFC 7515), EdDSA by the key of Info: agency, programme, number, reward, case, claim (claim_hash in
   * hex), iat, exp. Whoever shows it and the code of the claim is the one who gave the tip.
   */
  voucher: string;
}

/** A time of day that comes again, local to the household. `from` after `to` goes past midnight; equal: the whole day. */
export interface DailyHours {
  /** 0 to 1439 */
  fromMinute: number;
  /** 0 to 1439 */
  toMinute: number;
  /** bit 0 Monday ... bit 6 Sunday; 0: every day */
  weekdays: number;
}

/**
 * What of a device's events neighbors may see: an event is shared when a rule of its device has its kind and the time at
 * which it happened. A device that a rule names is judged by the rules that name it alone.
 */
export interface Sharing {
  /** its id; empty: every device that no rule names */
  device: string;
  /** none: nothing of this device */
  kinds: MotionKind[];
  /** none: always; at most 14 */
  hours: DailyHours[];
}

/** All that a household shares. Without rules: nothing. */
export interface SharingRules {
  /** at most 64 */
  rules: Sharing[];
  /** IANA name, of the hours above ("America/Los_Angeles"); empty: UTC */
  timeZone: string;
}

/**
 * Of which agency's requests for footage the household may be asked, about which kinds of incident. An agency that a rule
 * names is judged by that rule alone.
 */
export interface FootageRule {
  /** its id; empty: every agency that no rule names */
  agency: string;
  /** none: never asked by this agency */
  incidents: IncidentType[];
}

/** Without rules: never asked. */
export interface FootageRules {
  /** at most 64 */
  rules: FootageRule[];
}

/** Of alerts in a category only those at least so severe. */
export interface LeastSeverity {
  /** UNSPECIFIED: every category that is not named */
  category: Category;
  severity: Severity;
}

/** Topic nb/v1/settings, from a resident. */
export interface Settings {
  /**
   * The household's, which any user of it sets. What is given takes the place of what was set before; what is not given
   * stays as it is.
   * never given: as the devices were enrolled, and that is nothing unless it was said then
   */
  sharing?: SharingRules;
  /** of all that the household's devices sent: 1, 3, 7, 14, 21, 30, 60, 90, 120 or 180 */
  retentionDays: number;
  /** never given: never asked */
  footage?: FootageRules;
  /**
   * Kept with the session (user and client id) that sent them, applied at delivery. They take the place of all that was
   * set before; a message with the household's settings alone leaves them as they are.
   * when no footage request and no lesser alert comes; it comes afterwards
   */
  quiet: DailyHours[];
  /** alerts at least so severe pass all the same; UNSPECIFIED: EXTREME */
  quietPasses: Severity;
  /** IANA name, for the quiet hours ("America/Los_Angeles"); empty: UTC */
  timeZone: string;
  /** at most 11 */
  least: LeastSeverity[];
  /** what is not Extreme comes together each so many minutes, 5 to 1440; 0: at once */
  digestMinutes: number;
  /** of alerts that have several, as in BCP 47 */
  language: string;
}

/**
 * Topic nb/v1/forget, from a resident: delete what is mine. It is acknowledged when it is noted, and goes on whatever is
 * killed; the signed receipt comes on nb/v1/inbox/deleted when nothing is left on disk.
 */
export interface Forget {
  /** whose events; none: of every device of the household; at most 64 */
  devices: string[];
  /** ms; events that happened since; 0: from the beginning */
  from: number;
  /** ms; and before; 0: until now */
  to: number;
  /** my alerts, witnesses, flags and tips too; with none of the above: these alone */
  alerts: boolean;
  /** the whole household: everything, everybody in it, and what they were told */
  account: boolean;
  /** with devices: the devices themselves too, and all their events */
  enrolment: boolean;
  /** the sender's own name for it, told again in the receipt; at most 64 printable ASCII */
  forgetId: string;
}

/**
 * Inbox deleted: what was deleted, and the broker's word for it. Activity that was published before bears neither device
 * nor household: it cannot be told apart any more, and leaves with its channel's retention.
 */
export interface Deleted {
  /** ms */
  from: number;
  /** ms */
  to: number;
  /** how many were deleted */
  events: number;
  alerts: number;
  /** ms; when the last copy was gone */
  at: number;
  /** Ed25519, by the key of Info, over this message in protobuf without its signature */
  signature: Uint8Array;
  forgetId: string;
  /** devices, edges and users that are no longer enrolled */
  principals: number;
  /** so long may the operator's backups still hold it */
  backupDays: number;
  /** SHA-256 of the public key that signed */
  keyId: Uint8Array;
  household: string;
}

/**
 * Topic nb/v1/export, from a resident: hand me what is held about my household. Answered in an ExportPart, on the response
 * topic or on nb/v1/inbox/reply/export; the next part is asked for likewise.
 */
export interface Export {
  /** ms; of events, by when they happened; 0: from the beginning */
  from: number;
  /** ms; 0: until now */
  to: number;
  /** `next` of the part before; empty: the first */
  page: string;
}

/** An event as it is kept. */
export interface HeldEvent {
  /** `seq` and `position` are not kept with it; `device` is empty when it left the household */
  event?: MotionEvent;
  /** ms */
  stored: number;
}

/** Somebody of the household as the registry has them. */
export interface HeldPrincipal {
  /** "device/cam-1" */
  name: string;
  /** of a device in its household */
  number: number;
  /** geohash, as fine as it is kept */
  place: string;
  /** before `since` */
  formerPlace: string;
  /** ms */
  since: number;
  /** ms */
  enrolled: number;
  /** ms; since when the household is known to be real */
  verified: number;
  revoked: boolean;
  /** as it was enrolled */
  share: MotionKind[];
  /** its sessions */
  clients: string[];
}

/**
 * Anything else that is held: a witness or a flag that was given, a request for footage that came and what was shared for
 * it, a conversation with an agency, a message that stands in an inbox.
 */
export interface HeldNote {
  /** "witness", "flag", "footage-request", "footage-answer", "tip", "inbox" */
  what: string;
  /** "user/ann"; empty: the household */
  by: string;
  /** public id of the alert, the request, the conversation; of an inbox the topic's suffix */
  about: string;
  /** the remark, the clip's name, the agency, the client whose inbox it is */
  text: string;
  /** ms */
  at: number;
  /** what is kept and is no text */
  data: Uint8Array;
}

export interface ExportPart {
  events: HeldEvent[];
  /** as they stand; a report that became part of another's alert, as it was sent */
  alerts: Alert[];
  /** there is no next */
  last: boolean;
  household: string;
  /** the household's */
  settings?: Settings;
  principals: HeldPrincipal[];
  notes: HeldNote[];
  /** `page` of the next Export; a part may be empty and not the last */
  next: string;
}

/** Topic nb/v1/history: one page of the past. */
export interface HistoryQuery {
  /** leaf cell, with `metres`: what concerns the circle around its centre */
  nearCell: string;
  /** 400, 800, 1600, 3200 or 8000 */
  metres: number;
  /** or what lies in these cells; at most 64 */
  cells: string[];
  /** ms; 0: from the beginning */
  from: number;
  /** ms; after `from`; 0: until now */
  to: number;
  /** items a page, at most 500; 0: 500 */
  limit: number;
  /** `next` of the page before, with the same query; empty: the first */
  page: string;
  /** one class alone, as in topics ("exercise"); empty: activity, incident and area */
  class: string;
}

/**
 * Answer to HistoryQuery. In the order in which things were told; a state of an alert that many channels bear comes once,
 * or, seldom, again on a later page.
 */
export interface HistoryPage {
  items: FeedItem[];
  /** ms; what this page covers, in the times at which things were told */
  from: number;
  /** ms; not after the moment at which it was read */
  to: number;
  /** nothing between from and to was trimmed or deleted */
  complete: boolean;
  /** `page` of the next query; empty: this was the last */
  next: string;
}

/** Inbox refused: a refusal that the acknowledgement could not carry whole. */
export interface Refused {
  /** that was published to */
  topic: string;
  /** of the PUBLISH */
  packetId: number;
  /** of the event in a batch; 0: the whole message */
  seq: number;
  /** reason code of MQTT 5, section 2.4 */
  code: number;
  /** "events[3].at" */
  field: string;
  /** "required" */
  rule: string;
  /** seconds; 0: trying again does not help */
  retryAfterS: number;
}

export type LogAct =
  | "UNSPECIFIED"
  | "ALERT"  // an agency's alert, each revision
  | "VERDICT"
  | "FOOTAGE_REQUEST"
  | "RESOLVE"
  | "REWARD"
  | "REFUSAL"  // an agency's message that was refused
  | "DISCLOSURE"  // compelled by law
  | "AGENCY_ADDED"
  | "AGENCY_REMOVED"
  | "AGENCY_CHANGED"  // what it is trusted with
  | "MODERATION";  // of the operator: released, removed, banned, unbanned
export const LOG_ACTS: readonly LogAct[] = [
  "ALERT", "VERDICT", "FOOTAGE_REQUEST", "RESOLVE", "REWARD", "REFUSAL", "DISCLOSURE", "AGENCY_ADDED", "AGENCY_REMOVED", "AGENCY_CHANGED", "MODERATION",
];

/**
 * A leaf of the public record, an append-only Merkle tree (RFC 9162). Its hash is that of these bytes. Nothing personal
 * is in it: no resident, no officer, no operator by name, and no text that somebody wrote about a resident.
 */
export interface LogLeaf {
  /** of the leaf, from 0 */
  index: number;
  /** ms */
  at: number;
  act: LogAct;
  /** whose act: "agency/<id>", or "operator" */
  agency: string;
  agencyName: string;
  /** of the alert or request; may be empty */
  publicId: string;
  /** of the alert */
  revision: number;
  caseNumber: string;
  /** for the reader: the headline, what is sought, the rule that refused it */
  text: string;
  /** the first 16 bytes of the SHA-256 of the message as it was received; may be empty */
  digest: Uint8Array;
  /** the act in a word: "updated", "confirmed", "removed" */
  what: string;
  /** how many it concerned, of a disclosure: residents */
  count: number;
  /** the agency that it was done to, "agency/<id>"; never a resident */
  subject: string;
}

export interface TreeHead {
  /** leaves */
  size: number;
  /** ms */
  at: number;
  /** SHA-256, 32 bytes */
  rootHash: Uint8Array;
  /** SHA-256 of the public key that signed */
  keyId: Uint8Array;
  /** Ed25519, over this message in protobuf without its signature, fields in their order */
  signature: Uint8Array;
}

/** Topic nb/v1/info, retained. */
export interface Info {
  /** characters of a channel's geohash */
  channelPrecision: number;
  /** characters of a leaf cell's geohash, the finest that is published */
  leafPrecision: number;
  /** that can be followed, ascending */
  radiiM: number[];
  /** events in a MotionBatch */
  maxBatch: number;
  /** filters of one session */
  maxFilters: number;
  /** of an MQTT packet */
  maxPacketBytes: number;
  /** how the store keeps what it acknowledges: "always", "everysec", "no", "replicas" */
  durability: string;
  /** Ed25519, 32 bytes: signs tree heads and receipts */
  logPublicKey: Uint8Array;
  /** of the broker */
  softwareVersion: string;
}
