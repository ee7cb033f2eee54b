/* What this browser keeps for whoever is signed in: texts under "neighbors.<what>.<name>", all gone when they sign out. */
import { effect, signal, type Signal } from "@preact/signals";
import { identity } from "./identity";

function address(what: string): string | undefined {
  return identity.value && `neighbors.${what}.${identity.value.name}`;
}

function read<T>(key: string | undefined, empty: T): T {
  try {
    const text = key && localStorage.getItem(key);
    return text ? (JSON.parse(text) as T) : empty;
  } catch {
    return empty; // somebody else wrote there
  }
}

/** A value that is kept: another one for each who signs in; `empty` for who has none yet. It is never changed in place. */
export function kept<T>(what: string, empty: T): Signal<T> {
  const value = signal<T>(empty);
  let key: string | undefined;
  effect(() => {
    key = address(what);
    value.value = read(key, empty);
  });
  effect(() => {
    const now = value.value;
    if (key && now !== empty) {
      try {
        localStorage.setItem(key, JSON.stringify(now));
      } catch {
        console.warn(`this browser has no room to keep ${what}`);
      }
    }
  });
  return value;
}
