/* Which of the two looks somebody chose; the system's when they did not. */
export type Theme = "auto" | "light" | "dark";

const key = "neighbors.theme";

export function theme(): Theme {
  const kept = localStorage.getItem(key);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function wear(chosen: Theme): void {
  if (chosen === "auto") {
    localStorage.removeItem(key);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(key, chosen);
    document.documentElement.dataset["theme"] = chosen;
  }
}
