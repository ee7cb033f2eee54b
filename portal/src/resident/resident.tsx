/* The resident's room: a map of the followed places, and beside it one of the pages. */
import { type FunctionComponent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { identity, roleOf } from "../session/identity";
import { MapPane } from "../map/map_pane";
import { SignIn } from "../session/sign_in";
import { AlertPage } from "./alert_page";
import { Announcer } from "./announcer";
import { FeedPage } from "./feed_page";
import { FootagePage } from "./footage_page";
import { MinePage } from "./mine_page";
import { NeighborhoodMap } from "./neighborhood_map";
import { PickedCell } from "./picked_cell";
import { PlacePage } from "./place_page";
import { places } from "./places";
import { ReportPage } from "./report_page";
import { SettingsPage } from "./settings_page";
import { TroubleLine } from "./silence_line";
import { Tabs } from "./tabs";
import { TipsPage } from "./tips_page";
import { view, viewId, type View } from "./view";
import "./resident.css";

const pages: Partial<Record<View, FunctionComponent>> = { alert: AlertPage, report: ReportPage, mine: MinePage, tips: TipsPage, footage: FootagePage, settings: SettingsPage, places: PlacePage };

/** Whoever follows no place yet begins with that. */
function pageNow(): FunctionComponent {
  const isNew = places.value.length === 0 && (view.value === "feed" || view.value === "alert");
  return isNew ? PlacePage : (pages[view.value] ?? FeedPage);
}

/** A page that is entered is read from its beginning; the feed from where it was left. */
function Panel() {
  const panel = useRef<HTMLDivElement>(null);
  const kept = useRef(0);
  const name = view.value;
  const Page = pageNow();
  useEffect(() => {
    const element = panel.current;
    if (!element) {
      return;
    }
    element.scrollTop = name === "feed" ? kept.current : 0;
    const keep = () => { if (view.peek() === "feed") { kept.current = element.scrollTop; } };
    element.addEventListener("scroll", keep, { passive: true });
    return () => element.removeEventListener("scroll", keep);
  }, [name, viewId.value]);
  return (
    <div ref={panel} class="panel" data-scroller>
      {Page !== FeedPage && <TroubleLine />}
      <Page />
    </div>
  );
}

function Neighborhood() {
  return (
    <div class={`split resident view-${view.value}`}>
      <div class="side">
        <Tabs />
        <Panel />
      </div>
      <div class="map">
        <NeighborhoodMap />
        <PickedCell />
      </div>
      <Announcer />
    </div>
  );
}

/** Whoever is not signed in sees where this is. */
function Stranger() {
  return (
    <div class="split">
      <div class="panel"><SignIn role="user" why="To follow your neighborhood." /></div>
      <div class="map"><MapPane label="Map of the neighborhood" onReady={() => {}} /></div>
    </div>
  );
}

export function Resident() {
  const who = identity.value;
  return who && roleOf(who) === "user" ? <Neighborhood /> : <Stranger />;
}
