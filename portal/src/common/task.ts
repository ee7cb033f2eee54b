/* Something that is asked of the broker by a button: whether it is under way, and what went wrong. */
import { useRef, useState } from "preact/hooks";

export interface Task<Result> {
  busy: boolean;
  error: unknown;
  result: Result | undefined;
  /** Does it, unless it is under way already. */
  run(work: () => Promise<Result>): Promise<void>;
  /** Forgets what came of it; of what is under way, all but what goes wrong. */
  clear(): void;
}

export function useTask<Result>(): Task<Result> {
  const [now, become] = useState<{ busy: boolean; error?: unknown; result?: Result }>({ busy: false });
  const busy = useRef(false);
  const cleared = useRef(false);
  return {
    busy: now.busy,
    error: now.error,
    result: now.result,
    async run(work) {
      if (busy.current) {
        return;
      }
      busy.current = true;
      cleared.current = false;
      become({ busy: true });
      try {
        const result = await work();
        become(cleared.current ? { busy: false } : { busy: false, result });
      } catch (error) {
        become({ busy: false, error });
      } finally {
        busy.current = false;
      }
    },
    clear() {
      cleared.current = true;
      become({ busy: busy.current });
    },
  };
}
