/* What residents reported near by: an agency says whether it is so. */
import { computed, effect, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Alert, Following, Neighbors, Truth } from "@neighbors/client";
import { snap } from "@neighbors/client/geo";
import { neighbors } from "../../session/connection";
import { personal } from "../../session/personal";
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
const outcome = personal(() => "");
/** Leaf cells around which residents' alerts are followed. */
const watched = personal<readonly string[]>(() => []);
/** The one that was taken because nothing better was known; "". */
const guessed = personal(() => "");
/** What is followed while the page is open, by leaf cell; the library knows what is in force there. */
const followings = new Map<string, Following>();
const unanswered = new Set<Following>();
const version = signal(0);
const truths: Partial<Record<Truth, string>> = {
  UNVERIFIED: "nobody else has seen it", CORROBORATED: "others saw it too", CONFIRMED: "confirmed", REFUTED: "refuted",
};

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
    if (!known || (watched.peek().length > 0 && watched.peek().join() !== guessed.peek())) {
      return;
    }
    if (office) {
      watched.value = [snap(office[1], office[0])];
    } else if (!guessed.peek()) {
      watchHere();
      guessed.value = watched.peek().join();
    }
  }, [who.name, known, office?.join()]);
  useEffect(() => {
    let served: Neighbors | undefined;
    const leave = effect(() => {
      const there = neighbors.value;
      stopAll(there === served ? watched.value : []);
      served = there;
      watched.value.filter((cell) => !followings.has(cell)).forEach((cell) => there && begin(there, cell));
      changed();
    });
    return () => {
      leave();
      stopAll([]);
    };
  }, []);
}

function changed(): void {
  version.value = version.peek() + 1;
}

function begin(there: Neighbors, cell: string): void {
  const following = there.follow({ cell, metres: METRES }, { item: changed });
  const answered = () => {
    unanswered.delete(following);
    changed();
  };
  followings.set(cell, following);
  unanswered.add(following);
  following.ready.then(answered, answered);
}

function stopAll(but: readonly string[]): void {
  [...followings].filter(([cell]) => !but.includes(cell)).forEach(([cell, following]) => {
    following.stop();
    followings.delete(cell);
    unanswered.delete(following);
  });
}

/** The newest state of each that is in force, the newest first. */
const reports = computed<readonly Alert[]>(() => {
  version.value;
  const all = new Map<string, Alert>();
  for (const { alert } of [...followings.values()].flatMap(({ alerts }) => [...alerts.values()])) {
    if (alert.senderKind === "USER" && alert.revision >= (all.get(alert.publicId)?.revision ?? 0)) {
      all.set(alert.publicId, alert);
    }
  }
  return [...all.values()].sort((a, b) => b.effective - a.effective);
});

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
  const list = reports.value;
  useShown(list);
  const places = watched.value.length;
  const where = places === 0 ? "Finding out where your office is …" : `Within 8 km of ${places} ${places === 1 ? "place" : "places"}.`;
  return (
    <div class="desk-form">
      <h1>Residents' reports</h1>
      <p class="quiet">{where}</p>
      <button type="button" class="button" onClick={watchHere}>Look where the map is, too</button>
      <Told good={outcome.value} />
      {places > 0 && list.length === 0 && <p class="quiet" role="status">{unanswered.size ? "Asking the broker …" : "Nothing is reported there now."}</p>}
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
