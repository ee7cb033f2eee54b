/* What the public record says of a case: the acts of this agency under its number. */
import { useEffect, useState } from "preact/hooks";
import { own } from "../own";
import { asked } from "../../common/asked";
import { clock } from "../../common/format";

interface Act {
  at: string;
  act: string;
  what?: string;
  text?: string;
  agency?: string;
  caseNumber?: string;
}
interface Page {
  size: number;
  leaves: ({ act?: Act } | null)[];
}
const PAGE = 512, PAGES_MOST = 20;

async function load(agency: string, caseNumber: string, stopped: AbortSignal): Promise<Act[]> {
  const acts: Act[] = [];
  const head = await asked("/v1/log/head", { signal: stopped });
  if (!head.ok) {
    return acts; // no head was signed yet
  }
  const { size } = (await head.json()) as { size: number };
  for (let page = 0, from = Math.max(0, size - PAGE); page < PAGES_MOST; page++, from = Math.max(0, from - PAGE)) {
    const answer = await asked(`/v1/log/leaves?from=${from}&count=${PAGE}`, { signal: stopped });
    if (!answer.ok) {
      throw new Error(`the broker answered ${answer.status}`);
    }
    const { leaves } = (await answer.json()) as Page;
    acts.push(...leaves.flatMap((leaf) => (leaf?.act?.agency === agency && leaf.act.caseNumber === caseNumber ? [leaf.act] : [])));
    if (from === 0) {
      break;
    }
  }
  return acts.sort((a, b) => Number(b.at) - Number(a.at));
}

export function Acts({ agency, caseNumber }: { agency: string; caseNumber: string }) {
  const [acts, setActs] = useState<Act[]>();
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    let isReading = false;
    const readOnce = () => load(agency, caseNumber, stop.signal).then((all) => (setActs(all), setTrouble("")), (error: unknown) =>
      !stop.signal.aborted && setTrouble(`The record cannot be read: ${error instanceof Error ? error.message : "no answer"}`));
    const read = async () => {
      for (let known: unknown = read; !isReading && !stop.signal.aborted && known !== own.peek(); isReading = false) {
        isReading = true;
        known = own.peek();
        await readOnce();
      }
    };
    const leave = own.subscribe(() => void read()); // anew whenever something was done, but what is being read is read to its end
    return () => {
      leave();
      stop.abort();
    };
  }, [agency, caseNumber]);
  return (
    <section class="card" aria-label="Public record">
      <h2>On the public record</h2>
      {trouble && <p role="alert" class="wrong">{trouble}</p>}
      {acts?.length === 0 && <p class="quiet">Nothing yet.</p>}
      <ul class="bare">
        {acts?.map((act, i) => <li key={i}><span class="quiet">{clock(Number(act.at))}</span> {(act.what || act.act).toLowerCase().replace(/_/g, " ")}{act.text && `: ${act.text}`}</li>)}
      </ul>
    </section>
  );
}
