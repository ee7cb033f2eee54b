/* Tells a screen reader of new alerts: politely, and of Extreme ones at once. Nothing of it is seen. */
import { useSignalEffect } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { words } from "../words";
import { arrived, type Entry } from "./feed";

function wordsOf({ item, ended }: Entry): string {
  if (item.kind !== "alert") {
    return "";
  }
  const headline = item.alert.headline || item.alert.event;
  return ended ? words.feed.announceEnd(headline) : words.feed.announce(headline, words.severities[item.alert.severity]);
}

function isExtreme({ item, ended }: Entry): boolean {
  return item.kind === "alert" && !ended && item.alert.severity === "EXTREME";
}

export function Announcer() {
  const [polite, setPolite] = useState("");
  const [urgent, setUrgent] = useState("");
  const before = useRef(arrived.peek()); // told by an earlier one
  useSignalEffect(() => {
    if (arrived.value === before.current) {
      return;
    }
    const extreme = arrived.value.filter(isExtreme);
    const other = arrived.value.filter((entry) => !isExtreme(entry));
    if (extreme.length) {
      setUrgent(extreme.map(wordsOf).join(". "));
    }
    if (other.length) {
      setPolite(other.length > 3 ? words.feed.announceMany(other.length) : other.map(wordsOf).join(". "));
    }
  });
  return (
    <div class="sr-only">
      <div aria-live="polite" data-testid="polite">{polite}</div>
      <div aria-live="assertive" data-testid="urgent">{urgent}</div>
    </div>
  );
}
