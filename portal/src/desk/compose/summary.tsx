/* The last look before an alert leaves: what it says, whom it reaches. An Extreme one is asked for twice. */
import { useState } from "preact/hooks";
import { areaText, clock } from "../../common/format";
import { categories, certainties, meaningOf, nameOf, severities, statuses, urgencies } from "../words";
import { Dialog } from "../form";
import { draft, expiresOf } from "./draft";
import { followersText } from "./reach_card";
import type { Reach } from "./preview";

function Rows({ reach }: { reach: Reach }) {
  const now = draft.value;
  const rows: [string, string][] = [
    ["Category", nameOf(categories, now.category)],
    ["Severity", nameOf(severities, now.severity)],
    ["Act", `${nameOf(urgencies, now.urgency)}, ${nameOf(certainties, now.certainty).toLowerCase()}`],
    ["What happened", now.description],
    ["What to do", now.instruction],
    ["Also in", now.texts.map(({ language }) => language).join(", ")],
    ["Until", clock(expiresOf(now, Date.now()) ?? 0)],
    ["Area", `${areaText(reach.areaKm2)} in ${reach.cells.length} ${reach.cells.length === 1 ? "cell" : "cells"}`],
    ["Reaches", now.status === "ACTUAL" ? followersText(reach.followers) : "only those who follow drills"],
    ["Case", now.caseNumber],
    ["Reward", now.rewardOffer],
  ];
  return (
    <dl class="summary">
      {rows.filter(([, text]) => text).map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
    </dl>
  );
}

interface SummaryProps {
  reach: Reach;
  sending: boolean;
  trouble: string;
  onSend(): void;
  onClose(): void;
}

export function Summary({ reach, sending, trouble, onSend, onClose }: SummaryProps) {
  const now = draft.value;
  const extreme = now.severity === "EXTREME" && now.status === "ACTUAL";
  const [asked, setAsked] = useState(!extreme);
  const what = now.updates ? "update" : "alert";
  const label = now.status === "ACTUAL" ? `Send the ${what}` : `Send as ${nameOf(statuses, now.status).toLowerCase()}`;
  return (
    <Dialog title={`Send this ${what}?`} kind={now.status.toLowerCase()} onClose={onClose}>
      <p class={`status-strip ${now.status.toLowerCase()}`}>{nameOf(statuses, now.status)}: {meaningOf(statuses, now.status)}</p>
      <p class="headline">{now.headline}</p>
      <Rows reach={reach} />
      {reach.approval && <p class="notice">It waits until a second officer of yours approves it.</p>}
      {extreme && (
        <label class="tick">
          <input type="checkbox" checked={asked} onChange={(event) => setAsked(event.currentTarget.checked)} />
          <span>This is <strong>Extreme</strong>: I checked the area and the words.</span>
        </label>
      )}
      {trouble && <p role="alert" class="wrong">{trouble}</p>}
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>Back</button>
        <button type="button" class={`button main ${extreme ? "extreme" : ""}`} disabled={!asked || sending} onClick={onSend}>
          {sending ? "Sending…" : label}
        </button>
      </div>
    </Dialog>
  );
}
