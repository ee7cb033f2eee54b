/* The one connection of whoever is signed in, as signals: every room reads the same. It is made when a room first asks for it,
 * made anew by the client library whenever it is lost, and ended when somebody signs out. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { open, type Beat, type Info, type Neighbors, type RefusedEvent, type State } from "@neighbors/client";
import { forget, identity, type Identity } from "./identity";
import { claimClientId } from "./tab";

/** `nobody`: nobody is signed in. */
export type ConnectionState = State | "nobody";
/** The last proof that silence is silence, and when this device got it. */
export interface Proof extends Beat {
  receivedAt: number; // ms
}

const held = signal<Neighbors>();
const stateNow = signal<ConnectionState>("nobody");
const since = signal(Date.now());
const lastProof = signal<Proof>();
const told = signal<Info>();
const refusal = signal<RefusedEvent>();

/** Undefined while nobody is signed in. */
export const neighbors: ReadonlySignal<Neighbors | undefined> = held;
export const state: ReadonlySignal<ConnectionState> = stateNow;
/** Since when it is in that state: ms. */
export const stateSince: ReadonlySignal<number> = since;
export const proof: ReadonlySignal<Proof | undefined> = lastProof;
/** What the broker says of itself; undefined until it has, which is after it is connected. */
export const info: ReadonlySignal<Info | undefined> = told;
/** The newest refusal that no call waits for. */
export const refused: ReadonlySignal<RefusedEvent | undefined> = refusal;

function become(next: ConnectionState): void {
  if (stateNow.peek() !== next) {
    stateNow.value = next;
    since.value = Date.now();
  }
}

/** The broker's WebSocket: on the server that the page came from. */
function address(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`;
}

function begin(who: Identity): () => void {
  // A desk keeps nothing of what residents told the agency in the browser: the broker tells it again each time.
  const opened = open(address(), who, { startsAnew: who.name.startsWith("agency/") });
  const leave = [
    opened.on("state", become),
    opened.on("heartbeat", (beat) => { lastProof.value = { ...beat, receivedAt: Date.now() }; }),
    opened.on("info", (now) => { told.value = now; }),
    opened.on("refused", (now) => { refusal.value = now; }),
  ];
  opened.connected.catch((why: unknown) => console.info(`not connected: ${String(why)}`));
  held.value = opened;
  become(opened.state);
  return () => {
    leave.forEach((end) => end());
    void opened.close().then(() => identity.peek()?.name === who.name || forget(who)); // it may have kept something as it went
    held.value = undefined;
    lastProof.value = undefined;
    told.value = undefined;
    refusal.value = undefined;
  };
}

/** Begins as a client that no other page of this browser is; gives back how to end. */
function beginAlone(who: Identity): () => void {
  let ended = false;
  let end = () => {};
  become("connecting");
  void claimClientId(who.clientId).then(({ clientId, release }) => {
    if (ended) {
      release();
      return;
    }
    const leave = begin({ ...who, clientId });
    end = () => {
      leave();
      release();
    };
  });
  return () => {
    ended = true;
    end();
    become("nobody");
  };
}

effect(() => {
  const who = identity.value;
  return who ? beginAlone(who) : undefined;
});

/** So long does somebody who pressed a button wait for the broker, ms. */
export const PATIENT = { timeout: 20_000 };

/** The connection, for something that is asked of the broker now. Throws when there is none, or it will never be one again. */
export function broker(): Neighbors {
  const opened = held.peek();
  if (!opened) {
    throw new Error("nobody is signed in");
  }
  if (stateNow.peek() === "refused") {
    throw refusal.peek()?.refusal ?? new Error("the broker does not want this connection");
  }
  return opened;
}
