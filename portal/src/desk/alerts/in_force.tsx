/* The agency's own alerts in force: each is updated or ended from here. */
import { useEffect, useState } from "preact/hooks";
import type { Alert, DeskAlert } from "@neighbors/client";
import { personal } from "../../session/personal";
import { Ask } from "../ask";
import { startAnew } from "../compose/draft";
import { Told } from "../form";
import { alertShape } from "../map/areas";
import { shown } from "../map/desk_map";
import { broker, inForce, own, ownTrouble, refresh } from "../own";
import { outlinesOf, shapeOf } from "../shape";
import { go } from "../view";
import { AlertCard } from "./alert_card";

const outcome = personal(() => "");

/** What happened in the form's own terms; the time that is left stays. */
export function beginUpdate(alert: Alert): void {
  const { publicId, revision, headline } = alert;
  startAnew({
    updates: { publicId, revision, headline, place: shapeOf(alert.place) ? undefined : alert.place }, headline, status: alert.status === "UNSPECIFIED" ? "ACTUAL" : alert.status,
    category: alert.category === "UNSPECIFIED" ? "" : alert.category, severity: alert.severity, urgency: alert.urgency,
    certainty: alert.certainty, event: alert.event, description: alert.description, instruction: alert.instruction, web: alert.web,
    language: alert.language, texts: alert.texts, caseNumber: alert.caseNumber, rewardOffer: alert.rewardOffer, lasts: "until",
    until: localTime(alert.expires),
  });
  alertShape.value = shapeOf(alert.place);
  go("alert");
}

/** As an input of type datetime-local has it. */
export function localTime(ms: number): string {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 16);
}

/** Shows the areas of alerts on the map while the page is open. */
export function useShown(alerts: readonly Alert[]): void {
  const key = alerts.map(({ publicId, revision }) => `${publicId}.${revision}`).join(" ");
  useEffect(() => {
    shown.value = alerts.flatMap((alert) => {
      return outlinesOf(alert.place).map((shape) => ({ shape, name: alert.headline, kind: alert.severity.toLowerCase() }));
    });
    return () => {
      shown.value = [];
    };
  }, [key]);
}

export function alertsOf(list: readonly DeskAlert[]): Alert[] {
  return list.flatMap(({ alert }) => (alert ? [alert] : []));
}

async function cancel(alert: Alert): Promise<void> {
  await broker().publish.alert({ msgType: "CANCEL", publicId: alert.publicId });
  outcome.value = `“${alert.headline}” has ended: everybody who saw it is told.`;
  await refresh();
}

export function InForce() {
  const [ending, setEnding] = useState<Alert>();
  useShown(alertsOf(inForce.value));
  return (
    <div class="desk-form">
      <h1>In force</h1>
      <Told good={outcome.value} bad={ownTrouble.value} />
      {own.value && inForce.value.length === 0 && <p class="quiet">No alert of yours is in force.</p>}
      {inForce.value.map(({ alert, officer }) => alert && (
        <AlertCard key={alert.publicId} alert={alert} from={officer ? `Sent by ${officer}` : ""}>
          <button type="button" class="button main" onClick={() => beginUpdate(alert)}>Update</button>
          <button type="button" class="button danger" onClick={() => setEnding(alert)}>Cancel alert</button>
        </AlertCard>
      ))}
      {ending && (
        <Ask title="End this alert now?" does="End it now" danger work={() => cancel(ending)} onClose={() => setEnding(undefined)}>
          <p class="headline">{ending.headline}</p>
          <p>Revision {ending.revision} ends, as revision {ending.revision + 1}. Everybody who saw it is told that it is over.</p>
        </Ask>
      )}
    </div>
  );
}
