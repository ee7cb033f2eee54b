/* Areas that the page beside the map asks it to show: that of a request, of an alert that is being written. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Area } from "../map/area";

export const shapes = signal<readonly Area[]>([]);

/** Shows the area while the page is there. */
export function useShape(area: Area | undefined, key: string): void {
  useEffect(() => {
    shapes.value = area ? [area] : [];
    return () => { shapes.value = []; };
  }, [key]);
}
