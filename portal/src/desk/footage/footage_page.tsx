/* Footage: asking, and what was asked so far with its answers. */
import type { DeskRequest } from "@neighbors/client";
import { useState } from "preact/hooks";
import { showOnMap } from "../map/desk_map";
import { own } from "../own";
import { shapeOf } from "../shape";
import { clock } from "../../common/format";
import { incidents, nameOf } from "../words";
import { Answers, answersTo } from "./answers";
import { KeyCard } from "./key_card";
import { RequestForm } from "./request_form";

export function RequestCard({ held }: { held: DeskRequest }) {
  const request = held.request;
  const shape = shapeOf(request?.place);
  if (!request) {
    return null;
  }
  const answers = answersTo(request.requestId).length;
  return (
    <article class="card" aria-label={`Request of case ${request.caseNumber}`}>
      <h2>{nameOf(incidents, request.incident)}, case {request.caseNumber}</h2>
      <p>{request.sought}</p>
      <p class="quiet">{clock(request.from)} to {clock(request.to)} · {request.ended ? "closed" : `open until ${clock(request.openUntil)}`}{held.officer && ` · sent by ${held.officer}`}</p>
      <details open={answers > 0}>
        <summary>{answers === 1 ? "1 answer" : `${answers} answers`}</summary>
        <Answers requestId={request.requestId} />
      </details>
      {shape && <button type="button" class="button" onClick={() => showOnMap([shape], true)}>Show on the map</button>}
    </article>
  );
}

export function FootagePage() {
  const [asks, setAsks] = useState(false);
  const requests = own.value?.requests ?? [];
  return (
    <div class="desk-form">
      <h1>Footage</h1>
      {asks ? <button type="button" class="button" onClick={() => setAsks(false)}>Back to the requests</button>
        : <button type="button" class="button main wide" onClick={() => setAsks(true)}>Ask for footage …</button>}
      {asks ? <RequestForm /> : (
        <>
          <KeyCard />
          {own.value && requests.length === 0 && <p class="quiet">Nothing was asked so far.</p>}
          {requests.map((held) => <RequestCard key={held.request?.requestId} held={held} />)}
        </>
      )}
    </div>
  );
}
