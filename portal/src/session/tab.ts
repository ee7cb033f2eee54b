/* Each open page is a client of its own: two of one browser would take the session from each other for ever. The first has the
 * name that the browser keeps, a second the same with a number, and so on; a page that is closed gives its name back. */

const MOST = 16;

/** Holds the name until `release` is called; undefined: another page has it. */
function claim(name: string): Promise<(() => void) | undefined> {
  return new Promise((told) => {
    void navigator.locks.request(`neighbors/${name}`, { ifAvailable: true }, (lock) => {
      if (!lock) {
        told(undefined);
        return undefined;
      }
      return new Promise<void>((release) => told(release));
    });
  });
}

/** A client id that no other page of this browser uses, and how to give it back. Where pages cannot know of each other (a
 * browser gives locks to secure origins alone) it is the browser's. */
export async function claimClientId(clientId: string): Promise<{ clientId: string; release(): void }> {
  for (let number = 1; navigator.locks && number <= MOST; number++) {
    const name = number === 1 ? clientId : `${clientId}-${number}`;
    const release = await claim(name);
    if (release) {
      return { clientId: name, release };
    }
  }
  return { clientId, release: () => {} };
}
