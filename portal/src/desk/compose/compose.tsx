/* Writing an alert: what it is for, what, where, in which words, how long; what it reaches; a last look; and away. */
import { useEffect, useState } from "preact/hooks";
import type { Alert, Draft } from "@neighbors/client";
import { useLetters } from "../../common/letter";
import { personal } from "../../session/personal";
import type { Identity } from "../../session/identity";
import { Choices, Select, TextField, Told } from "../form";
import { alertShape } from "../map/areas";
import { ShapeFields } from "../shape_fields";
import { categories, certainties, severities, statuses, urgencies } from "../words";
import { alertOf, change, draft, lacks, LIMITS, startAnew } from "./draft";
import { DrillNotice, isDrilled, listenFor } from "./drill";
import { Languages } from "./languages";
import { followDraft, preview } from "./preview";
import { CapCard, ReachCard } from "./reach_card";
import { sendAlert } from "./send";
import { Summary } from "./summary";

const SPANS = [[60, "1 hour"], [180, "3 hours"], [360, "6 hours"], [720, "12 hours"], [1440, "1 day"], [4320, "3 days"], [10080, "7 days"]] as const;
/** What became of the last one. */
const outcome = personal(() => "");

/** What is wrong with a field: told by the broker, or, once it was tried to send, missing. */
function wrongOf(field: string, tried: boolean): string | undefined {
  const now = preview.value;
  const missing = tried || field === "texts" || draft.value[field as "headline"] ? lacks.value[field] : undefined;
  return now.state === "refused" && now.field === field ? now.rule : missing;
}

function What({ tried }: { tried: boolean }) {
  const now = draft.value;
  return (
    <>
      <Choices label="For what" choices={statuses} value={now.status} onValue={(status) => change({ status })} />
      <Choices label="Category" choices={categories} value={now.category} wrong={wrongOf("category", tried)} hint="What it is about." onValue={(category) => change({ category })} />
      <Choices label="Severity" choices={severities} value={now.severity} wrong={wrongOf("severity", tried)} hint="How much is at stake." onValue={(severity) => change({ severity })} />
      <Choices label="Urgency" choices={urgencies} value={now.urgency} wrong={wrongOf("urgency", tried)} hint="How soon people should act." onValue={(urgency) => change({ urgency })} />
      <Choices label="Certainty" choices={certainties} value={now.certainty} wrong={wrongOf("certainty", tried)} hint="How sure you are." onValue={(certainty) => change({ certainty })} />
    </>
  );
}

function Words({ tried }: { tried: boolean }) {
  const now = draft.value;
  return (
    <fieldset class="form-part">
      <legend>Words</legend>
      <TextField label="Headline" hint="What one must know, in one line." value={now.headline} most={LIMITS.headline} wrong={wrongOf("headline", tried)} onValue={(headline) => change({ headline })} />
      <TextField label="What happened" rows={3} value={now.description} most={LIMITS.description} wrong={wrongOf("description", tried)} onValue={(description) => change({ description })} />
      <TextField label="What to do" rows={3} value={now.instruction} most={LIMITS.instruction} wrong={wrongOf("instruction", tried)} onValue={(instruction) => change({ instruction })} />
    </fieldset>
  );
}

function HowLong({ tried }: { tried: boolean }) {
  const now = draft.value;
  const options = [...SPANS.map(([minutes, name]) => [String(minutes), name] as const), ["until", "Until a time …"] as const];
  return (
    <fieldset class="form-part">
      <legend>How long</legend>
      <Select label="In force for" options={options} value={String(now.lasts)} wrong={now.lasts === "until" ? undefined : wrongOf("expires", tried)}
        onValue={(value) => change({ lasts: value === "until" ? "until" : Number(value) })} />
      {now.lasts === "until" && <TextField label="Until" type="datetime-local" value={now.until} wrong={wrongOf("expires", tried)} onValue={(until) => change({ until })} />}
    </fieldset>
  );
}

function More({ tried }: { tried: boolean }) {
  const now = draft.value;
  return (
    <details class="card">
      <summary>More: languages, case, reward, link</summary>
      <TextField label="Event" hint="In a word or two: Gas Leak" value={now.event} most={LIMITS.event} wrong={wrongOf("event", tried)} onValue={(event) => change({ event })} />
      <TextField label="Language of the words above" hint="As in BCP 47: en-US" value={now.language} wrong={wrongOf("language", tried)} onValue={(language) => change({ language })} />
      <Languages />
      <TextField label="Case number" value={now.caseNumber} most={LIMITS.caseNumber} wrong={wrongOf("case_number", tried)} onValue={(caseNumber) => change({ caseNumber })} />
      <TextField label="Reward offer" hint="In words: up to $500 for what leads to an arrest" value={now.rewardOffer} most={LIMITS.rewardOffer} onValue={(rewardOffer) => change({ rewardOffer })} />
      <TextField label="More at" type="url" hint="http or https address" value={now.web} most={LIMITS.web} wrong={wrongOf("web", tried)} onValue={(web) => change({ web })} />
    </details>
  );
}

function useSending(onDone: () => void) {
  const [sending, setSending] = useState(false);
  const [trouble, setTrouble] = useState("");
  const letters = useLetters<Draft<Alert>>(); // under one name and with one time until it is through
  const send = async () => {
    const written = draft.value, area = alertShape.value;
    const alert = letters.of([written, area], (senderAlertId) => ({ senderAlertId, ...alertOf(written, Date.now()) }));
    setSending(true);
    if (isDrilled() === false && written.status === "TEST" && area) {
      await listenFor(area).catch(() => {}); // the broker tells why below, when it takes nothing
    }
    const sent = await sendAlert(alert);
    setSending(false);
    if (!sent.done) {
      setTrouble(sent.why);
      return;
    }
    letters.answered();
    const name = `“${written.headline.trim()}”`;
    outcome.value = sent.pending ? `${name} waits for a second officer, as revision ${sent.revision}.`
      : sent.notShown ? `${name} is stored and shown to nobody: ${sent.notShown}.` : `${name} is out, as revision ${sent.revision}.`;
    if (draft.value === written && alertShape.value === area) { // else the officer writes on already
      startAnew();
      onDone();
    }
  };
  return { sending, trouble, send, forget: () => setTrouble("") };
}

export function Compose({ who }: { who: Identity }) {
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const [wanted, setWanted] = useState(false);
  const { sending, trouble, send, forget } = useSending(() => (setAsking(false), setTried(false)));
  useEffect(() => followDraft(who), [who]);
  const now = preview.value, ready = now.state === "known" && Object.keys(lacks.value).length === 0;
  const check = (event: Event) => {
    event.preventDefault();
    setTried(true);
    outcome.value = "";
    setWanted(true);
  };
  useEffect(() => {
    if (wanted && now.state !== "asking") { // who was faster than the broker's answer need not press again
      setWanted(false);
      setAsking(ready);
    }
  }, [wanted, now.state, ready]);
  const updates = draft.value.updates;
  return (
    <form class="compose" onSubmit={check} novalidate>
      <h1>{updates ? `Update “${updates.headline}”` : "New alert"}</h1>
      <Told good={outcome.value} />
      <DrillNotice />
      {updates && <p class="notice">Takes the place of revision {updates.revision}; becomes revision {updates.revision + 1}.
        {" "}<button type="button" class="button" onClick={() => startAnew()}>Write a new one instead</button></p>}
      {updates?.place && !alertShape.value && <p class="notice">Its area has several parts and stays as it is, unless you draw another one.</p>}
      <ShapeFields area={alertShape} wrong={wrongOf("place", tried)} />
      <ReachCard />
      <What tried={tried} />
      <Words tried={tried} />
      <HowLong tried={tried} />
      <More tried={tried} />
      <CapCard />
      <div class="send-bar">
        {tried && !wanted && !ready && <p role="alert" class="wrong">{Object.values(lacks.value)[0] ?? "Wait for the broker's answer, or mend what it says."}</p>}
        <button class="button main wide">Check and send …</button>
      </div>
      {asking && now.state === "known" && (
        <Summary reach={now.reach} sending={sending} trouble={trouble} onSend={send} onClose={() => (setAsking(false), forget())} />
      )}
    </form>
  );
}
