/* The agency's room: its jurisdiction, its alerts, requests and cases. */
import { useEffect } from "preact/hooks";
import { identity, roleOf, type Identity } from "../session/identity";
import { state, stateSince } from "../session/connection";
import { SignIn } from "../session/sign_in";
import { agencies, agenciesTrouble, agencyOf, loadAgencies } from "./agency";
import { InForce } from "./alerts/in_force";
import { Reports } from "./alerts/reports";
import { Waiting } from "./alerts/waiting";
import { CasesPage } from "./cases/cases_page";
import { RewardsPage } from "./cases/rewards_page";
import { Compose } from "./compose/compose";
import { FootagePage } from "./footage/footage_page";
import { DeskMap } from "./map/desk_map";
import { inForce, waiting } from "./own";
import { addressOfView, view, viewNames, views, type View } from "./view";
import { clock } from "../common/format";
import "./desk.css";

const pages: Record<View, (props: { who: Identity }) => preact.JSX.Element> = {
  alert: Compose, "in-force": InForce, waiting: Waiting, reports: Reports, footage: FootagePage, cases: CasesPage, rewards: RewardsPage,
};
const counts: Partial<Record<View, () => number>> = {
  "in-force": () => inForce.value.length, waiting: () => waiting.value.length,
};

function Rail() {
  return (
    <nav class="desk-rail" aria-label="Desk">
      {views.map((name) => (
        <a key={name} href={addressOfView(name)} aria-current={view.value === name ? "page" : undefined}>
          {viewNames[name]}{counts[name]?.() ? <span class="tally">{counts[name]?.()}</span> : null}
        </a>
      ))}
    </nav>
  );
}

function Land({ who }: { who: Identity }) {
  const agency = agencyOf(who.name);
  if (agenciesTrouble.value) {
    return <p role="alert" class="wrong">{agenciesTrouble.value}</p>;
  }
  const land = !agency ? "is not on the public list" : agency.jurisdiction === "everywhere" ? "may alert everywhere"
    : agency.jurisdiction ? "may alert inside the dashed line" : "has a jurisdiction that is not drawn here";
  return <p class="desk-land">{agencies.value.length > 0 && <><strong>{agency?.name ?? who.name}</strong> {land}</>}</p>;
}

/** Said while nothing can be sent: what is on the page may be old then. */
function Away() {
  const now = state.value;
  const why = now === "refused" ? "The broker does not let you in: sign in again." : now === "away" ? `No connection since ${clock(stateSince.value)}: trying again. What you see may be old.` : "";
  return <p role="alert" class="desk-away">{why}</p>;
}

function Room({ who }: { who: Identity }) {
  const isConnected = state.value === "connected", trouble = agenciesTrouble.value;
  useEffect(() => void loadAgencies(), []);
  useEffect(() => { // once more at once, and whenever the broker can be reached again
    if (isConnected && trouble) {
      void loadAgencies();
    }
  }, [isConnected, trouble]);
  const Page = pages[view.value];
  return (
    <div class="desk">
      <Rail />
      <div class="desk-page">
        <Page who={who} />
      </div>
      <div class="desk-map">
        <DeskMap key={who.name} name={who.name} />
        <Land who={who} />
        <Away />
      </div>
    </div>
  );
}

export function Desk() {
  const who = identity.value;
  return who && roleOf(who) === "agency" ? <Room who={who} />
    : <div class="panel desk-door"><SignIn role="agency" why="For officers of partner agencies." /></div>;
}
