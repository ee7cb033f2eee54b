/* Which page of the desk is open: the second word of the address ("#/desk/footage"). */
import { signal } from "@preact/signals";

export const views = ["alert", "in-force", "waiting", "reports", "footage", "cases", "rewards"] as const;
export type View = (typeof views)[number];

export const viewNames: Record<View, string> = {
  alert: "New alert",
  "in-force": "In force",
  waiting: "To approve",
  reports: "Reports",
  footage: "Footage",
  cases: "Cases and tips",
  rewards: "Rewards",
};

function current(): View {
  const name = /^#\/desk\/([a-z-]+)/.exec(location.hash)?.[1];
  return views.find((view) => view === name) ?? "alert";
}

export const view = signal<View>(current());
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#/desk")) {
    view.value = current();
  }
});

export function addressOfView(name: View): string {
  return `#/desk/${name}`;
}

export function go(name: View): void {
  location.hash = addressOfView(name);
}
