/* Cases: the list, and one of them with everything of it. */
import { useState } from "preact/hooks";
import type { CaseOutcome } from "@neighbors/client";
import type { Identity } from "../../session/identity";
import { AlertCard } from "../alerts/alert_card";
import { Ask } from "../ask";
import { Choices, TextField } from "../form";
import { RequestCard } from "../footage/footage_page";
import { broker, refresh } from "../own";
import { nameOf, outcomes } from "../words";
import { Acts } from "./acts";
import { cases, chosenCase, NO_CASE, type Case } from "./cases";
import { Conversation } from "./conversation";

function titleOf({ number }: Case): string {
  return number === NO_CASE ? "Tips without a case" : `Case ${number}`;
}

function countsOf(one: Case): string {
  const counted: [number, string][] = [[one.alerts.length, "alert"], [one.requests.length, "request"], [one.tips.length, "tip"]];
  return counted.filter(([count]) => count).map(([count, word]) => `${count} ${word}${count === 1 ? "" : "s"}`).join(", ");
}

function Close({ one, onClose }: { one: Case; onClose(): void }) {
  const [outcome, setOutcome] = useState<CaseOutcome | "">("");
  const [remark, setRemark] = useState("");
  const work = async () => {
    await broker().publish.resolve({ caseNumber: one.number, outcome: outcome || "UNSPECIFIED", remark });
    await refresh();
  };
  return (
    <Ask title={`Close case ${one.number}?`} does="Close the case" danger ready={outcome !== ""} work={work} onClose={onClose}>
      <Choices label="How it ended" choices={outcomes} value={outcome} onValue={(value) => setOutcome(value)} />
      <TextField label="Remark" value={remark} most={360} hint="Public." onValue={setRemark} />
      <p>Its requests end, and residents are told so. It is part of the public record.</p>
    </Ask>
  );
}

function OneCase({ one, who }: { one: Case; who: Identity }) {
  const [closing, setClosing] = useState(false);
  return (
    <>
      <button type="button" class="button" onClick={() => (chosenCase.value = undefined)}>All cases</button>
      <h1>{titleOf(one)}</h1>
      {one.outcome && <p class="notice">Closed: {nameOf(outcomes, one.outcome)}</p>}
      {one.alerts.map(({ alert, waiting, officer }) => alert && (
        <AlertCard key={`${alert.publicId} ${alert.revision}`} alert={alert} from={`${waiting ? "Waits for a second officer" : "In force"}${officer && `, sent by ${officer}`}`}>{null}</AlertCard>
      ))}
      {one.requests.map((held) => <RequestCard key={held.request?.requestId} held={held} />)}
      {one.tips.map((said) => <Conversation key={said[0]?.conversationId} said={said} caseNumber={one.number} />)}
      {one.number !== NO_CASE && <Acts agency={who.name} caseNumber={one.number} />}
      {one.number !== NO_CASE && !one.outcome && <button type="button" class="button danger" onClick={() => setClosing(true)}>Close the case …</button>}
      {closing && <Close one={one} onClose={() => setClosing(false)} />}
    </>
  );
}

export function CasesPage({ who }: { who: Identity }) {
  const one = cases.value.find(({ number }) => number === chosenCase.value);
  return (
    <div class="desk-form">
      {one ? <OneCase one={one} who={who} /> : (
        <>
          <h1>Cases and tips</h1>
          {cases.value.length === 0 && <p class="quiet">No alert, request or tip has a case number so far.</p>}
          <ul class="bare">
            {cases.value.map((each) => (
              <li key={each.number}>
                <button type="button" class="button wide case-row" onClick={() => (chosenCase.value = each.number)}>
                  <strong>{titleOf(each)}</strong>
                  <span class="quiet">{countsOf(each)}{each.outcome && ` · closed`}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
