/* Whether what is shown is all that there is: proved silence, or since when nothing is certain. */
import { computed } from "@preact/signals";
import { proof, refused, state, stateSince } from "../session/connection";
import { clock, span } from "../common/format";
import { second } from "../common/clock";
import { words } from "../words";
import { isAllTold } from "./feed";
import { shownAlerts, shownActivity } from "./filters";
import { places } from "./places";

type Tone = "good" | "wait" | "bad";

/** What is said now, without the time that ticks; a screen reader is told when this changes. */
const said = computed<{ tone: Tone; text: string }>(() => {
  const told = proof.value;
  const since = clock(told?.asOf ?? stateSince.value);
  switch (state.value) {
    case "refused":
      return { tone: "bad", text: words.silence.refused(refused.value?.refusal.message ?? "") };
    case "away":
      return { tone: "bad", text: words.silence.away(since) };
    case "connected":
      break;
    default:
      return { tone: "wait", text: words.silence.connecting };
  }
  if (!places.value.length) {
    return { tone: "wait", text: words.silence.noPlaces };
  }
  if (!told || told.receivedAt < stateSince.value) {
    return { tone: "wait", text: words.silence.waiting };
  }
  if (told.stale) {
    return { tone: "bad", text: words.silence.stale(since) };
  }
  if (told.missed) {
    return { tone: "wait", text: words.silence.missed };
  }
  if (!isAllTold.value) {
    return { tone: "wait", text: words.silence.waiting };
  }
  const isQuiet = shownAlerts.value.length + shownActivity.value.length === 0;
  return { tone: "good", text: isQuiet ? words.silence.quiet : words.silence.upToDate };
});

function Looked() {
  const told = proof.value;
  if (said.value.tone !== "good" || !told) {
    return null;
  }
  const length = Math.max(0, second.value - told.asOf);
  const text = length < 120_000 ? words.silence.seconds(Math.round(length / 1000)) : span(length);
  return <span class="looked"> · {words.silence.lookedAt(text)}</span>;
}

/** On the pages that are not the feed: only what is wrong. */
export function TroubleLine() {
  return said.value.tone === "bad" ? <div class="trouble-line"><SilenceLine /></div> : null;
}

export function SilenceLine() {
  const { tone, text } = said.value;
  return (
    <p class={`silence tone-${tone}`}>
      <span class="pulse" aria-hidden="true" />
      <span><span role="status">{text}</span><Looked /></span>
    </p>
  );
}
