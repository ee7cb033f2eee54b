/* What waits for a second officer: shown whole, approved in the very revision that was looked at. */
import { useState } from "preact/hooks";
import type { Alert, DeskAlert } from "@neighbors/client";
import { personal } from "../../session/personal";
import { Ask } from "../ask";
import { Told } from "../form";
import { broker, own, ownTrouble, refresh, waiting } from "../own";
import { clock } from "../../common/format";
import { nameOf, severities } from "../words";
import { AlertCard } from "./alert_card";
import { alertsOf, useShown } from "./in_force";

const outcome = personal(() => "");

async function approve(alert: Alert): Promise<void> {
  await broker().publish.verdict({ publicId: alert.publicId, revision: alert.revision, decision: "APPROVED" });
  outcome.value = `“${alert.headline}” is approved and out, as revision ${alert.revision}.`;
  await refresh();
}

async function withdraw(alert: Alert): Promise<void> {
  await broker().publish.alert({ msgType: "CANCEL", publicId: alert.publicId });
  outcome.value = `“${alert.headline}” was withdrawn.`;
  await refresh();
}

function mayApprove({ officer }: DeskAlert): boolean {
  const me = own.value?.officer;
  return Boolean(me) && me !== officer;
}

export function Waiting() {
  const [asked, setAsked] = useState<{ alert: Alert; act: "approve" | "withdraw" }>();
  useShown(alertsOf(waiting.value));
  return (
    <div class="desk-form">
      <h1>To approve</h1>
      <p class="quiet">Extreme and very large alerts wait here until another officer than the one who sent them has looked at them.</p>
      <Told good={outcome.value} bad={ownTrouble.value} />
      {own.value && waiting.value.length === 0 && <p class="quiet">Nothing waits.</p>}
      {waiting.value.map((held) => held.alert && (
        <AlertCard key={`${held.alert.publicId} ${held.alert.revision}`} alert={held.alert} from={held.officer ? `Sent by ${held.officer}` : ""}>
          {mayApprove(held)
            ? <button type="button" class="button main" onClick={() => held.alert && setAsked({ alert: held.alert, act: "approve" })}>Approve …</button>
            : <p class="notice">{own.value?.officer ? "You sent it: another officer has to approve it." : "Sign in with a token that names you as an officer to approve it."}</p>}
          <button type="button" class="button danger" onClick={() => held.alert && setAsked({ alert: held.alert, act: "withdraw" })}>Withdraw …</button>
        </AlertCard>
      ))}
      {asked?.act === "approve" && (
        <Ask title={`Approve revision ${asked.alert.revision}?`} does={`Approve revision ${asked.alert.revision}`} danger={asked.alert.severity === "EXTREME"}
          work={() => approve(asked.alert)} onClose={() => setAsked(undefined)}>
          <p class="headline">{asked.alert.headline}</p>
          <dl class="summary">
            <div><dt>Severity</dt><dd>{nameOf(severities, asked.alert.severity)}</dd></div>
            {asked.alert.description && <div><dt>What happened</dt><dd>{asked.alert.description}</dd></div>}
            {asked.alert.instruction && <div><dt>What to do</dt><dd>{asked.alert.instruction}</dd></div>}
            <div><dt>Until</dt><dd>{clock(asked.alert.expires)}</dd></div>
          </dl>
          <p>It goes out at once. Your approval is part of the public record. If its sender changes it meanwhile, nothing is approved.</p>
        </Ask>
      )}
      {asked?.act === "withdraw" && (
        <Ask title="Withdraw it?" does="Withdraw" danger work={() => withdraw(asked.alert)} onClose={() => setAsked(undefined)}>
          <p class="headline">{asked.alert.headline}</p>
          <p>What waits is dropped{asked.alert.revision > 1 && ", and the revision that is in force ends"}.</p>
        </Ask>
      )}
    </div>
  );
}
