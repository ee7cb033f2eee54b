/* The public's room: who the partner agencies are, what they did, and that nobody rewrote it. Nobody has to sign in. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { halfMinute } from "../common/clock";
import { agencies, agenciesTrouble, loadAgencies } from "../desk/agency";
import { concerns } from "./acts";
import { AgencyList } from "./agency_list";
import { AgencyMap } from "./agency_map";
import { ActsChart } from "./chart";
import { Log } from "./log";
import { keepReading, leaves, reading } from "./reading";
import { Trust } from "./trust";
import "./record.css";

/** "agency/<id>"; "": all of them. */
const chosen = signal("");

export function PublicRecord() {
  useEffect(() => {
    void loadAgencies();
    return keepReading();
  }, []);
  const all = leaves.value;
  const mine = chosen.value ? all.filter(({ act }) => concerns(act, chosen.value)) : all;
  const name = agencies.value.find(({ id }) => `agency/${id}` === chosen.value)?.name ?? "all agencies";
  return (
    <div class="split record">
      <div class="panel" data-scroller>
        <h1>The public record</h1>
        <p class="quiet">Whatever an agency or the operator does here, is written down where nobody can change it unseen.</p>
        <Trust />
        {agenciesTrouble.value && <p class="wrong">{agenciesTrouble.value}</p>}
        <AgencyList agencies={agencies.value} acts={all.map(({ act }) => act)} chosen={chosen.value} choose={(one) => { chosen.value = one; }} />
        {reading.value && (
          <>
            <ActsChart acts={mine.map(({ act }) => act)} name={name} now={halfMinute.value} />
            <Log key={chosen.value} leaves={mine} name={name} hasOlder={(all[0]?.index ?? 0) > 0} />
          </>
        )}
      </div>
      <div class="map"><AgencyMap chosen={chosen} /></div>
    </div>
  );
}
