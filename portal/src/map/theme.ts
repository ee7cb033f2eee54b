/* The page's colours, for what is drawn on a canvas. They follow light and dark. */

const names = ["ground", "surface", "line", "ink", "quiet", "accent", "extreme", "severe", "moderate", "minor", "good", "land", "water", "border",
  "net", "activity", "on-symbol"] as const;
export type ColorName = (typeof names)[number];
export type Colors = Readonly<Record<ColorName, string>>;

const dark = matchMedia("(prefers-color-scheme: dark)");
let known: Colors | undefined;

/* A custom property keeps its light-dark(); only a real property of an element is worked out. */
function read(): Colors {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  const colors = Object.fromEntries(names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  })) as Record<ColorName, string>;
  probe.remove();
  return colors;
}

/** The colours of base.css as they are now, as canvas takes them: "rgb(11, 92, 79)". */
export function colors(): Colors {
  known ??= read();
  return known;
}

/** Calls back whenever the colours have changed; gives back how to stop that. */
export function onColors(changed: () => void): () => void {
  const forget = () => {
    known = undefined;
    changed();
  };
  const attribute = new MutationObserver(forget);
  attribute.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", forget);
  return () => {
    attribute.disconnect();
    dark.removeEventListener("change", forget);
  };
}

/** The same colour, less opaque. */
export function faded(color: string, opacity: number): string {
  return `color-mix(in srgb, ${color} ${Math.round(opacity * 100)}%, transparent)`;
}
