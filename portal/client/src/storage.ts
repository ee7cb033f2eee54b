/* What an app keeps from one run to the next, behind three calls that localStorage has as it is. */

/** Texts by name. Whoever gives another than localStorage (a phone's secure storage) may lose the newest changes, no more. */
export interface Storage {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
}

/** Forgets with the program. */
export class MemoryStorage implements Storage {
  #texts = new Map<string, string>();
  getItem(name: string): string | null {
    return this.#texts.get(name) ?? null;
  }
  setItem(name: string, text: string): void {
    this.#texts.set(name, text);
  }
  removeItem(name: string): void {
    this.#texts.delete(name);
  }
}

/** localStorage where there is one that may be used, else memory. */
export function usualStorage(): Storage {
  try {
    const local = globalThis.localStorage;
    if (local) {
      local.getItem("neighbors");
      return local;
    }
  } catch {
    // A page may be forbidden to keep anything: it works without.
  }
  return new MemoryStorage();
}
