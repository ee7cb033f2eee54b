/* The feed: alerts in force, then activity, in one list of which only what is in sight is in the page. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { WindowList } from "../common/window_list";
import { clock } from "../common/format";
import { words } from "../words";
import { chosen, lookAt } from "./choice";
import { all, gaps, isAllTold, markSeen, placeTroubles, unseenCount, type Entry } from "./feed";
import { FeedRow, heightOfRow } from "./feed_row";
import { FilterPanel } from "./filter_panel";
import { isFiltered, shownActivity, shownAlerts } from "./filters";
import { PlaceChips } from "./place_chips";
import { places } from "./places";
import { SilenceLine } from "./silence_line";
import { addressOfView } from "./view";

/** So long must a row be in sight to count as seen, ms. */
const LOOK = 4000;

/** Marks what stays in sight as seen. */
function useSeen(): (rows: readonly Entry[]) => void {
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  return (rows) => {
    const now = new Set(rows.filter(({ unseen }) => unseen).map(({ item }) => item.key));
    for (const [key, timer] of timers.current) {
      if (!now.has(key)) {
        clearTimeout(timer);
        timers.current.delete(key);
      }
    }
    now.forEach((key) => !timers.current.has(key) && timers.current.set(key, setTimeout(() => {
      timers.current.delete(key);
      if (!document.hidden) {
        markSeen([key]);
      }
    }, LOOK)));
  };
}

function Troubles() {
  return (
    <>
      {[...placeTroubles.value].map(([id, refusal]) => (
        <p key={id} class="wrong" role="alert">{words.place.refused(places.value.find((place) => place.id === id)?.name ?? id, refusal.message)}</p>
      ))}
      {gaps.value.map((gap) => <p key={gap.from} class="quiet">{words.feed.gap(clock(gap.from), clock(gap.to))}</p>)}
    </>
  );
}

function Counts({ alerts, activity }: { alerts: number; activity: number }) {
  return (
    <div class="counts">
      <h1>{alerts > 0 || isAllTold.value ? words.feed.inForce(alerts) : words.feed.title}</h1>
      {activity > 0 && <p class="quiet">{words.feed.activity(activity)}. {words.feed.activityHint}</p>}
      {unseenCount.value > 0 && (
        <p class="row"><span class="new-mark">{words.feed.newCount(unseenCount.value)}</span>
          <button class="link-button" onClick={() => markSeen(all.value.map(({ item }) => item.key))}>{words.feed.allSeen}</button></p>
      )}
    </div>
  );
}

export function FeedPage() {
  const isFiltering = useSignal(false);
  const rows = useComputed(() => [...shownAlerts.value, ...shownActivity.value]);
  const seen = useSeen();
  const inForce = useComputed(() => shownAlerts.value.filter(({ ended }) => !ended).length);
  return (
    <>
      <div class="feed-head" data-sticky>
        <PlaceChips />
        <div class="row spread">
          <SilenceLine />
          <button class="chip" aria-expanded={isFiltering.value} onClick={() => { isFiltering.value = !isFiltering.value; }}>
            {isFiltered.value ? words.filter.opened : words.filter.open}
          </button>
        </div>
      </div>
      {isFiltering.value && <FilterPanel />}
      <Troubles />
      <Counts alerts={inForce.value} activity={shownActivity.value.length} />
      <a class="button main report-button" href={addressOfView("report")}>{words.feed.report}</a>
      {rows.value.length === 0 && <p class="empty quiet">{isFiltered.value ? words.feed.nothingFiltered : words.feed.nothing}</p>}
      <WindowList label={words.feed.title} rows={rows.value} keyOf={({ item }) => item.key} heightOf={heightOfRow}
        shownKey={lookAt.value.times ? chosen.value : ""} onSight={seen}>
        {(entry) => <FeedRow entry={entry} />}
      </WindowList>
    </>
  );
}
