/* A row of the feed: an alert, or what a shared camera saw. */
import type { ActivityItem, AlertItem } from "@neighbors/client";
import { ActivitySymbol, AlertSymbol } from "../map/symbol";
import { age, remaining } from "../common/format";
import { halfMinute } from "../common/clock";
import { spoken } from "../common/spoken";
import { words } from "../words";
import { SeverityWord, TruthBadge } from "./alert_badges";
import { choose, chosen } from "./choice";
import { timeOf, type Entry } from "./feed";
import { show } from "./view";
import { whereWords } from "./where";

/** Heights, rem: the list must know them beforehand. */
export const ALERT_HEIGHT = 8.75;
export const ACTIVITY_HEIGHT = 3.25;

export function heightOfRow({ item }: Entry): number {
  return item.kind === "alert" ? ALERT_HEIGHT : ACTIVITY_HEIGHT;
}

function NewMark({ entry }: { entry: Entry }) {
  return entry.unseen ? <span class="new-mark">{entry.item.kind === "alert" && entry.item.alert.revision > 1 ? words.feed.updated : words.feed.new}</span> : null;
}

function AlertRow({ entry, item }: { entry: Entry; item: AlertItem }) {
  const { alert } = item;
  const now = halfMinute.value;
  return (
    <button class="feed-row alert-row" aria-current={chosen.value === item.key ? "true" : undefined} data-ended={entry.ended}
      data-key={item.key} onClick={() => { choose(item.key); show("alert", item.key); }}>
      <AlertSymbol category={alert.category} severity={alert.severity} size={36} />
      <span class="row-text">
        <span class="row-top">
          <SeverityWord severity={alert.severity} />
          <span>{words.categories[alert.category]}</span>
          <span>{age(timeOf(item), now)}</span>
          {entry.ended ? <span class="ended-mark">{words.alert.ended}</span> : <NewMark entry={entry} />}
        </span>
        <span class="row-headline" {...spoken(alert.language)}>{alert.headline || alert.event}</span>
        <span class="row-foot">
          <TruthBadge truth={alert.truth} />
          <span class="one-line">{alert.senderName || words.alert.resident}</span>
        </span>
        <span class="row-foot">
          <span class="one-line">{whereWords(item)}</span>
          {!entry.ended && <span>{remaining(alert.expires, now)}</span>}
        </span>
      </span>
    </button>
  );
}

function ActivityRow({ entry, item }: { entry: Entry; item: ActivityItem }) {
  return (
    <button class="feed-row activity-row" aria-current={chosen.value === item.key ? "true" : undefined} data-key={item.key}
      onClick={() => choose(item.key)}>
      <ActivitySymbol kind={item.activity.kind} size={22} />
      <span class="row-line">
        <span class="row-kind">{words.kinds[item.activity.kind]}</span>
        <span class="quiet">{whereWords(item)}</span>
        <span class="quiet">{age(item.activity.at, halfMinute.value)}</span>
      </span>
      <NewMark entry={entry} />
    </button>
  );
}

export function FeedRow({ entry }: { entry: Entry }) {
  return entry.item.kind === "alert" ? <AlertRow entry={entry} item={entry.item} /> : <ActivityRow entry={entry} item={entry.item} />;
}
