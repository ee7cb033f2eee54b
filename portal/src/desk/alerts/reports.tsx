/* What residents reported near by: an agency says whether it is so. */
import { effect, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Alert, AlertItem, Truth } from "@neighbors/client";
import { snap } from "@neighbors/client/geo";
import { neighbors } from "../../session/connection";
import { agenciesKnown, agencyOf } from "../agency";
import { Ask } from "../ask";
import { TextField, Told } from "../form";
import { middleOfMap } from "../map/desk_map";
import { broker } from "../own";
import type { Identity } from "../../session/identity";
import { AlertCard } from "./alert_card";
import { useShown } from "./in_force";

const METRES = 8000;
const PLACES_MOST = 8;
const outcome = signal("");
const reports = signal<ReadonlyMap<string, Alert>>(new Map());
/** Leaf cells around which residents' alerts are followed. */
const watched = signal<readonly string[]>([]);
const truths: Partial<Record<Truth, string>> = {
  UNVERIFIED: "nobody else has seen it", CORROBORATED: "others saw it too", CONFIRMED: "confirmed", REFUTED: "refuted",
};

function take({ alert }: AlertItem): void {
  const all = new Map(reports.peek());
  if (alert.state === "ENDED" || alert.senderKind !== "USER") {
    all.delete(alert.publicId);
  } else {
    all.set(alert.publicId, alert);
  }
  reports.value = all;
}

function watchHere(): void {
  const { latitude, longitude } = middleOfMap(), cell = snap(latitude, longitude);
  if (!watched.peek().includes(cell)) {
    watched.value = [...watched.peek(), cell].slice(-PLACES_MOST);
  }
}

/* The first place is the office. Until the list that says where that is has answered, nothing is followed: the map looks anywhere
 * then. Who has no office there begins where the map looks. */
function useFollowing(who: Identity): void {
  const known = agenciesKnown.value, office = agencyOf(who.name)?.office;
  useEffect(() => {
    if (!known || watched.peek().length > 0) {
      return;
    }
    if (office) {
      watched.value = [snap(office[1], office[0])];
    } else {
      watchHere();
    }
  }, [known, office?.join()]);
  useEffect(() => effect(() => {
    const there = neighbors.value;
    const all = there ? watched.value.map((cell) => there.follow({ cell, metres: METRES }, { item: (item) => item.kind === "alert" && take(item) })) : [];
    return () => all.forEach((one) => one.stop());
  }), []);
}

function Judge({ alert, decision, onClose }: { alert: Alert; decision: "CONFIRMED" | "REFUTED"; onClose(): void }) {
  const [reason, setReason] = useState("");
  const [caseNumber, setCaseNumber] = useState("");
  const word = decision === "CONFIRMED" ? "Confirm" : "Refute";
  const work = async () => {
    await broker().publish.verdict({ publicId: alert.publicId, revision: alert.revision, decision, reason, caseNumber });
    outcome.value = `“${alert.headline}” is ${decision.toLowerCase()}: every copy says so.`;
  };
  return (
    <Ask title={`${word} this report?`} does={word} danger={decision === "REFUTED"} work={work} onClose={onClose}>
      <p class="headline">{alert.headline}</p>
      <TextField label="Why" hint="Stands in the public record." value={reason} most={360} onValue={setReason} />
      <TextField label="Case number" hint="If there is one." value={caseNumber} most={64} onValue={setCaseNumber} />
    </Ask>
  );
}

export function Reports({ who }: { who: Identity }) {
  const [judged, setJudged] = useState<{ alert: Alert; decision: "CONFIRMED" | "REFUTED" }>();
  useFollowing(who);
  const list = [...reports.value.values()].sort((a, b) => b.effective - a.effective);
  useShown(list);
  const places = watched.value.length;
  const where = places === 0 ? "Finding out where your office is …" : `Within 8 km of ${places} ${places === 1 ? "place" : "places"}.`;
  return (
    <div class="desk-form">
      <h1>Residents' reports</h1>
      <p class="quiet">{where}</p>
      <button type="button" class="button" onClick={watchHere}>Look where the map is, too</button>
      <Told good={outcome.value} />
      {places > 0 && list.length === 0 && <p class="quiet">Nothing is reported there now.</p>}
      {list.map((alert) => (
        <AlertCard key={alert.publicId} alert={alert} from={`A resident, ${truths[alert.truth] ?? ""}${alert.merged > 1 ? `, ${alert.merged} reports` : ""}`}>
          <button type="button" class="button" disabled={alert.truth === "CONFIRMED"} onClick={() => setJudged({ alert, decision: "CONFIRMED" })}>Confirm …</button>
          <button type="button" class="button danger" disabled={alert.truth === "REFUTED"} onClick={() => setJudged({ alert, decision: "REFUTED" })}>Refute …</button>
        </AlertCard>
      ))}
      {judged && <Judge {...judged} onClose={() => setJudged(undefined)} />}
    </div>
  );
}
