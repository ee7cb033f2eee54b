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

/** Forgets who it was, and with them all that this browser kept for them: kept.ts, and the client's memory. */
export function signOut(): void {
  const name = identity.value?.name;
  identity.value = undefined;
  keep(undefined);
  for (const key of Object.keys(localStorage)) {
    if (name && ((key.startsWith("neighbors.") && key.endsWith(`.${name}`)) || key.startsWith(`neighbors/${name}/`))) {
      localStorage.removeItem(key);
    }
  }
}

/** The role in the name: "user", "agency". */
export function roleOf(who: Identity): string {
  return who.name.split("/")[0] ?? "";
}
