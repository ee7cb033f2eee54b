/* Asking residents for footage: the limits are shown while one draws and types. */
import { useEffect, useState } from "preact/hooks";
import type { Draft, FootageRequest } from "@neighbors/client";
import { personal } from "../../session/personal";
import { useLetters } from "../../common/letter";
import { fieldOf } from "../../common/trouble";
import { Ask } from "../ask";
import { Select, TextField, Told } from "../form";
import { requestShape } from "../map/areas";
import { reached } from "../map/desk_map";
import { broker, own, refresh } from "../own";
import { ShapeFields } from "../shape_fields";
import { clock, span } from "../../common/format";
import { incidents, nameOf } from "../words";
import { changeRequest, coverage, emptyRequest, footageRequestOf, PER_CASE, request, requestLacks, sentOfCase } from "./request_draft";

const outcome = personal(() => "");
const DAYS = [1, 2, 3, 5, 7, 10, 14] as const;

function Area() {
  const now = coverage.value;
  return (
    <section class={`card reach ${now?.wrong ? "refused" : ""}`} aria-label="Area in whole cells">
      <dl class="figures">
        <div><dt>Whole cells</dt><dd>{now ? now.cells.length || "–" : "–"}</dd></div>
        <div><dt>Square miles</dt><dd>{now && Number.isFinite(now.squareMiles) ? now.squareMiles.toFixed(3) : "–"}</dd></div>
        <div><dt>Allowed</dt><dd>0.025 – 0.5</dd></div>
      </dl>
      <p role="status" class={now?.wrong ? "wrong" : "hint"}>{now ? now.wrong || "All of each shaded cell is looked at, and no more." : "Draw the area where cameras may have seen something."}</p>
    </section>
  );
}

function Hours({ wrong }: { wrong(field: string): string | undefined }) {
  const { from, to, openDays } = request.value;
  const length = Date.parse(to) - Date.parse(from);
  return (
    <fieldset class="form-part">
      <legend>Which hours</legend>
      <TextField label="Footage from" type="datetime-local" value={from} wrong={wrong("from")} hint="Not older than 45 days." onValue={(value) => changeRequest({ from: value })} />
      <TextField label="Footage to" type="datetime-local" value={to} wrong={wrong("to")} hint={`${length > 0 ? `${span(length)}; ` : ""}15 minutes to 12 hours.`} onValue={(value) => changeRequest({ to: value })} />
      <Select label="Open for answers" value={String(openDays)} options={DAYS.map((days) => [String(days), days === 1 ? "1 day" : `${days} days`] as const)}
        hint="At most 14 days." onValue={(value) => changeRequest({ openDays: Number(value) })} />
    </fieldset>
  );
}

function Fields({ tried, refused }: { tried: boolean; refused: { field: string; rule: string } | undefined }) {
  const now = request.value;
  const names: Record<string, string> = { caseNumber: "case_number" };
  const wrong = (field: string) => refused?.field === (names[field] ?? field) ? refused.rule
    : tried || field === "from" || field === "to" || (field === "caseNumber" && now.caseNumber) ? requestLacks.value[field] : undefined;
  const sent = sentOfCase(now.caseNumber.trim());
  return (
    <>
      <ShapeFields area={requestShape} wrong={wrong("place")} />
      <Area />
      <Hours wrong={wrong} />
      <fieldset class="form-part">
        <legend>What for</legend>
        <TextField label="Case number" value={now.caseNumber} most={64} wrong={wrong("caseNumber")} hint={`${sent} of ${PER_CASE} requests of this case sent.`} onValue={(caseNumber) => changeRequest({ caseNumber })} />
        <Select label="Incident" value={now.incident} options={[["", "Choose …"], ...incidents.map(({ value, name }) => [value, name] as const)]} wrong={wrong("incident")}
          onValue={(value) => changeRequest({ incident: incidents.find((one) => one.value === value)?.value ?? "" })} />
        <TextField label="What is sought" rows={3} value={now.sought} most={1024} wrong={wrong("sought")} hint="Public. What was done and which way they went, not who somebody seems to be." onValue={(sought) => changeRequest({ sought })} />
        <TextField label="Contact" value={now.contact} most={360} wrong={wrong("contact")} hint="Mail address or telephone." onValue={(contact) => changeRequest({ contact })} />
      </fieldset>
    </>
  );
}

export function RequestForm() {
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<{ field: string; rule: string }>();
  const letters = useLetters<Draft<FootageRequest>>(); // the same request is the same one until the broker has answered
  useEffect(() => {
    reached.value = coverage.value?.cells ?? [];
    return () => {
      reached.value = [];
    };
  }, [coverage.value]);
  const now = request.value, lacks = Object.values(requestLacks.value);
  const check = (event: Event) => {
    event.preventDefault();
    setTried(true);
    setRefused(undefined);
    outcome.value = "";
    setAsking(lacks.length === 0);
  };
  const send = async () => {
    const area = requestShape.peek();
    try {
      await broker().publish.footageRequest(letters.of([now, area], (senderRequestId) => ({ senderRequestId, ...footageRequestOf(now, Date.now()) })));
    } catch (error) {
      if (fieldOf(error)) {
        letters.answered();
        setRefused({ field: fieldOf(error), rule: error instanceof Error ? error.message : "" });
      }
      throw error;
    }
    letters.answered();
    outcome.value = "The request is sent. Whom it asked, and who ignored it, nobody is told; what is shared comes here.";
    if (request.peek() === now && requestShape.peek() === area) { // else the officer writes on already
      request.value = { ...emptyRequest(), caseNumber: now.caseNumber, contact: now.contact };
      requestShape.value = undefined;
      setTried(false);
    }
    await refresh();
  };
  return (
    <form class="desk-form" onSubmit={check} novalidate>
      <h2>Ask for footage</h2>
      {own.value && own.value.certificate.length === 0 && <p class="notice">Your agency is enrolled without a certificate: nothing can be sealed to it, so it cannot ask.</p>}
      {own.value && !own.value.officer && <p class="notice">Sign in with a token that names you as an officer to ask.</p>}
      <Told good={outcome.value} />
      <Fields tried={tried} refused={refused} />
      <div class="send-bar">
        {tried && lacks.length > 0 && <p role="alert" class="wrong">{lacks[0]}</p>}
        <button class="button main wide">Check and ask …</button>
      </div>
      {asking && (
        <Ask title="Ask for this footage?" does="Ask residents" work={send} onClose={() => setAsking(false)}>
          <p class="headline">{nameOf(incidents, now.incident)}, case {now.caseNumber}</p>
          <dl class="summary">
            <div><dt>Sought</dt><dd>{now.sought}</dd></div>
            <div><dt>Footage</dt><dd>{clock(Date.parse(now.from))} to {clock(Date.parse(now.to))}</dd></div>
            <div><dt>Area</dt><dd>{coverage.value?.squareMiles.toFixed(3)} square miles, {coverage.value?.cells.length} cells</dd></div>
            <div><dt>Open for</dt><dd>{now.openDays === 1 ? "1 day" : `${now.openDays} days`}</dd></div>
            <div><dt>Contact</dt><dd>{now.contact}</dd></div>
          </dl>
          <p>It cannot be changed, and is part of the public record. A case has {PER_CASE}.</p>
        </Ask>
      )}
    </form>
  );
}
