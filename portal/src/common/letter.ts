/* What is sent under a name of its own: while its answer is not known, sending the same again sends the same bytes under the same
 * name, which the broker knows for a repeat. */
import { uniqueName } from "@neighbors/client";
import { useRef } from "preact/hooks";

export interface Letters<Letter> {
  /** The letter about that, written by `how` unless it was written already. about: all that somebody entered. */
  of(about: unknown, how: (name: string) => Letter): Letter;
  /** The last one has its answer: the next is another, even if it says the same. */
  answered(): void;
}

export function useLetters<Letter>(): Letters<Letter> {
  const last = useRef<{ about: string; letter: Letter }>();
  return {
    of(about, how) {
      const entered = JSON.stringify(about);
      if (last.current?.about !== entered) {
        last.current = { about: entered, letter: how(uniqueName()) };
      }
      return last.current.letter;
    },
    answered() {
      last.current = undefined;
    },
  };
}
