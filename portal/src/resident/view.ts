/* Which of the resident's pages is shown, out of the address: "#/neighborhood/alert/9f3c". */
import { computed, signal } from "@preact/signals";

export const views = ["feed", "alert", "report", "mine", "tips", "footage", "settings", "places"] as const;
export type View = (typeof views)[number];

function read(): { name: View; id: string } {
  const [, name, id] = location.hash.replace(/^#\/?/, "").split(/[?&]/)[0]?.split("/") ?? [];
  return { name: views.find((view) => view === name) ?? "feed", id: decodeURIComponent(id ?? "") };
}

const at = signal(read());
addEventListener("hashchange", () => {
  at.value = read();
});

export const view = computed(() => at.value.name);
/** The alert, request or conversation that the page is about; "" for none. */
export const viewId = computed(() => at.value.id);

export function addressOfView(name: View, id = ""): string {
  return `#/neighborhood/${name}${id ? `/${encodeURIComponent(id)}` : ""}`;
}

export function show(name: View, id = ""): void {
  location.hash = addressOfView(name, id);
}
