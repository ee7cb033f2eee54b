/* The partner agencies: who they are, and how much each did. Choosing one shows its acts alone. */
import type { LogLeaf } from "@neighbors/client";
import type { Agency } from "../desk/agency";
import { concerns, countsOf, kinds, kindTitles } from "./acts";

interface Props {
  agencies: readonly Agency[];
  acts: readonly LogLeaf[];
  /** "agency/<id>"; "": all of them. */
  chosen: string;
  choose(agency: string): void;
}

function Counted({ acts }: { acts: readonly LogLeaf[] }) {
  const counts = countsOf(acts);
  const some = kinds.filter((kind) => kind !== "other" && counts[kind] > 0);
  return <span class="quiet">{some.map((kind) => `${kindTitles[kind]} ${counts[kind]}`).join(" · ") || "nothing yet"}</span>;
}

export function AgencyList({ agencies, acts, chosen, choose }: Props) {
  return (
    <section class="agencies" aria-labelledby="agencies-title">
      <h2 id="agencies-title">Partner agencies</h2>
      <ul>
        {agencies.map(({ id, name }, index) => {
          const one = `agency/${id}`;
          return (
            <li key={id}>
              <button class="agency" aria-pressed={chosen === one} onClick={() => choose(chosen === one ? "" : one)}>
                <span class={`swatch of-${index % 6}`} aria-hidden="true" />
                <strong>{name}</strong>
                <Counted acts={acts.filter((act) => concerns(act, one))} />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
