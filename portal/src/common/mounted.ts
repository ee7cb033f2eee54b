/* Whether a part of the page is still there: what was asked for may be answered when it has been left. */
import { useLayoutEffect, useRef } from "preact/hooks";

export function useMounted(): { readonly current: boolean } {
  const mounted = useRef(true);
  useLayoutEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return mounted;
}
