/* One alert whole: what happened, how true it is, what to do, who says so; and what a resident can say of it. */
import { type ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Alert, AlertItem } from "@neighbors/client";
import { AlertSymbol } from "../map/symbol";
import { age, clock, remaining } from "../common/format";
import { halfMinute } from "../common/clock";
import { spoken } from "../common/spoken";
import { words } from "../words";
import { SeverityWord, TruthBadge } from "./alert_badges";
import { AlertActions } from "./alert_actions";
import { choose } from "./choice";
import { entryOf, isAllTold, markSeen, timeOf } from "./feed";
import { addressOfView, viewId } from "./view";
import { whereWords } from "./where";

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return children ? <><dt>{name}</dt><dd>{children}</dd></> : null;
}

function Text({ title, text, language }: { title: string; text: string; language: string }) {
  return text ? <section><h2>{title}</h2><p class="prose" {...spoken(language)}>{text}</p></section> : null;
}

/** Only addresses of the web: nothing that a browser would run. */
function linkOf(web: string): string | undefined {
  try {
    const { protocol, href } = new URL(web);
    return protocol === "https:" || protocol === "http:" ? href : undefined;
  } catch {
    return undefined;
  }
}

function Facts({ item, alert }: { item: AlertItem; alert: Alert }) {
  const now = halfMinute.value;
  const web = linkOf(alert.web);
  return (
    <dl class="facts">
      <Fact name={words.alert.sender}>{alert.senderName || words.alert.resident}</Fact>
      <Fact name={words.alert.distance}>{whereWords(item)}</Fact>
      <Fact name={words.alert.expires}>{alert.state === "ENDED" ? words.alert.ended : `${words.alert.until(clock(alert.expires, now))}, ${remaining(alert.expires, now)}`}</Fact>
      <Fact name={words.alert.urgency}>{words.urgencies[alert.urgency]}</Fact>
      <Fact name={words.alert.certainty}>{words.certainties[alert.certainty]}</Fact>
      <Fact name={words.alert.reports}>{alert.merged > 1 && alert.merged}</Fact>
      <Fact name={words.alert.case}>{alert.caseNumber}</Fact>
      <Fact name={words.alert.reward}>{alert.rewardOffer}</Fact>
      <Fact name={words.alert.web}>{web && <a href={web} target="_blank" rel="noopener noreferrer">{web}</a>}</Fact>
      <Fact name={words.alert.document}>{alert.hasDocument && <a href={`/v1/cap/${alert.publicId}`} target="_blank" rel="noopener noreferrer">CAP 1.2</a>}</Fact>
      <Fact name={words.alert.publicId}><code>{alert.publicId}</code> · {words.alert.revision} {alert.revision}</Fact>
    </dl>
  );
}

function Whole({ item, ended }: { item: AlertItem; ended: boolean }) {
  const { alert } = item;
  return (
    <article class="alert-whole" data-ended={ended}>
      <header class="alert-head">
        <AlertSymbol category={alert.category} severity={alert.severity} size={48} />
        <div>
          <p class="row-top">
            <SeverityWord severity={alert.severity} />
            <span>{words.categories[alert.category]}</span>
            <span>{age(timeOf(item), halfMinute.value)}</span>
            {ended && <span class="ended-mark" role="status">{words.alert.ended}</span>}
          </p>
          <h1 {...spoken(alert.language)}>{alert.headline || alert.event}</h1>
        </div>
      </header>
      <p class={`truth-line truth-${alert.truth.toLowerCase()}`}><TruthBadge truth={alert.truth} /> <span>{words.truthHints[alert.truth]}</span></p>
      <Text title={words.alert.toDo} text={alert.instruction} language={alert.language} />
      <Text title={words.alert.happened} text={alert.description} language={alert.language} />
      <Facts item={item} alert={alert} />
      <AlertActions item={item} ended={ended} />
    </article>
  );
}

export function AlertPage() {
  const key = viewId.value;
  const entry = entryOf(key);
  const item = entry?.item.kind === "alert" ? entry.item : undefined;
  useEffect(() => choose(key), [key, item !== undefined]);
  useEffect(() => { entry?.unseen && markSeen([key]); }, [entry]);
  return (
    <>
      <a class="back-link" href={addressOfView("feed")}>← {words.tabs.feed}</a>
      {item ? <Whole item={item} ended={entry?.ended ?? false} /> : <p class="quiet" role="status">{isAllTold.value ? words.alert.gone : words.loading}</p>}
    </>
  );
}
