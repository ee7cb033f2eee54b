/* Who uses this browser: a name of the installation ("user/ann") and its token. They come by a link whose part behind "#"
 * holds them (#/sign-in?name=user/ann&token=...), which no server ever hears of, or are typed; and are kept in this browser
 * alone, until somebody signs out. */
import { signal } from "@preact/signals";

export interface Identity {
  /** "user/ann", "agency/el-monte-police" */
  name: string;
  token: string;
  /** Names this browser among those of the same person. */
  clientId: string;
}

const kept = "neighbors.identity";

function clientId(): string {
  return `portal-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

function fromLink(): Identity | undefined {
  const link = /^#\/sign-in\?(.*)$/.exec(location.hash);
  const asked = new URLSearchParams(link?.[1] ?? "");
  const name = asked.get("name");
  const token = asked.get("token");
  if (!link) {
    return undefined;
  }
  history.replaceState(null, "", name?.startsWith("agency/") ? "#/desk" : "#/neighborhood"); // not left in the history
  return name && token ? { name, token, clientId: clientId() } : undefined;
}

function fromBrowser(): Identity | undefined {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(kept) ?? "null");
    const { name, token, clientId } = (read ?? {}) as Partial<Identity>;
    return name && token && clientId ? { name, token, clientId } : undefined;
  } catch {
    return undefined;
  }
}

function keep(who: Identity | undefined): void {
  if (who) {
    localStorage.setItem(kept, JSON.stringify(who));
  } else {
    localStorage.removeItem(kept);
  }
}

const linked = fromLink();
export const identity = signal<Identity | undefined>(linked ?? fromBrowser());
if (linked) {
  keep(linked);
}

export function signIn(name: string, token: string): void {
  identity.value = { name: name.trim(), token: token.trim(), clientId: clientId() };
  keep(identity.value);
}

/* ---- leaving ---- */

/** What is to be done before somebody leaves, while the connection is still there; nobody waits long for it. */
const farewells: (() => Promise<unknown>)[] = [];
/** Each says where to go first instead of leaving at once: something would be lost. */
const warnings: (() => string | undefined)[] = [];
const PATIENCE = 3000; // ms

export function beforeLeaving(farewell: () => Promise<unknown>): void {
  farewells.push(farewell);
}

export function warnBeforeLeaving(warning: () => string | undefined): void {
  warnings.push(warning);
}

/** Removes all that this browser keeps for that person. */
export function forget({ name }: Identity): void {
  const theirs = Object.keys(localStorage).filter((key) => key.startsWith(`neighbors/${name}/`) || (key.startsWith("neighbors.") && key.endsWith(`.${name}`)));
  theirs.forEach((key) => localStorage.removeItem(key));
}

let leaving: Identity | undefined;

export async function signOut(): Promise<void> {
  const who = identity.peek();
  if (!who || leaving === who) {
    return;
  }
  leaving = who;
  const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  await Promise.race([patience, Promise.allSettled(farewells.map((farewell) => farewell()))]);
  leaving = undefined;
  if (identity.peek() === who) {
    identity.value = undefined;
    keep(undefined);
    forget(who);
  }
}

/** Signs out, or goes to where it is told what would be lost. */
export function wishToLeave(): void {
  const address = warnings.map((warning) => warning()).find((one) => one !== undefined);
  if (address === undefined) {
    void signOut();
  } else {
    location.hash = address;
  }
}

/** The role in the name: "user", "agency". */
export function roleOf(who: Identity): string {
  return who.name.split("/")[0] ?? "";
}
