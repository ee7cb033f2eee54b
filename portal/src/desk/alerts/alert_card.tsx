/* One alert of a list: what it says, how it stands, and what can be done about it. */
import { type ComponentChildren } from "preact";
import type { Alert } from "@neighbors/client";
import { remaining } from "../../common/format";
import { halfMinute } from "../../common/clock";
import { spoken } from "../../common/spoken";
import { showOnMap } from "../map/desk_map";
import { outlinesOf } from "../shape";
import { categories, nameOf, severities, statuses } from "../words";

interface AlertCardProps {
  alert: Alert;
  /** "Sent by lee", "From a resident" */
  from: string;
  chosen?: boolean;
  children: ComponentChildren;
}

function Badges({ alert }: { alert: Alert }) {
  return (
    <p class="row badges">
      {alert.status !== "ACTUAL" && alert.status !== "UNSPECIFIED" && <span class="badge drill">{nameOf(statuses, alert.status).toUpperCase()}</span>}
      <span class={`badge ${alert.severity.toLowerCase()}`}>{nameOf(severities, alert.severity)}</span>
      <span class="badge">{nameOf(categories, alert.category)}</span>
      <span class="badge">revision {alert.revision}</span>
    </p>
  );
}

export function AlertCard({ alert, from, chosen, children }: AlertCardProps) {
  const shapes = outlinesOf(alert.place);
  return (
    <article class={`card alert-card ${chosen ? "chosen" : ""}`} aria-label={alert.headline}>
      <h2 {...spoken(alert.language)}>{alert.headline}</h2>
      <Badges alert={alert} />
      {alert.description && <p {...spoken(alert.language)}>{alert.description}</p>}
      {alert.instruction && <p><strong>What to do:</strong> <span {...spoken(alert.language)}>{alert.instruction}</span></p>}
      <p class="quiet">{[from, remaining(alert.expires, halfMinute.value), alert.caseNumber && `case ${alert.caseNumber}`].filter(Boolean).join(" · ")}</p>
      <div class="row">
        {children}
        {shapes.length > 0 && <button type="button" class="button" onClick={() => showOnMap(shapes, true)}>Show on the map</button>}
      </div>
    </article>
  );
}
