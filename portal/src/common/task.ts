/* Something that is asked of the broker by a button: whether it is under way, and what went wrong. */
import { useRef, useState } from "preact/hooks";

export interface Task<Result> {
  busy: boolean;
  error: unknown;
  result: Result | undefined;
  /** Does it, unless it is under way already. */
  run(work: () => Promise<Result>): Promise<void>;
  clear(): void;
}

export function useTask<Result>(): Task<Result> {
  const [now, become] = useState<{ busy: boolean; error?: unknown; result?: Result }>({ busy: false });
  const busy = useRef(false);
  return {
    busy: now.busy,
    error: now.error,
    result: now.result,
    async run(work) {
      if (busy.current) {
        return;
      }
      busy.current = true;
      become({ busy: true });
      try {
        become({ busy: false, result: await work() });
      } catch (error) {
        become({ busy: false, error });
      } finally {
        busy.current = false;
      }
    },
    clear: () => become({ busy: false }),
  };
}
