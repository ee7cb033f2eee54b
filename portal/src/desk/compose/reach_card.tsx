/* What the alert would reach, before it is sent. */
import { areaText } from "../../common/format";
import { preview, type Reach } from "./preview";

/** "about 100 followers" */
export function followersText(followers: number): string {
  return followers ? `about ${followers.toLocaleString()} follow something there` : "nobody follows anything there yet";
}

function cellsText(cells: readonly string[]): string {
  return `${cells.length} ${cells.length === 1 ? "cell" : "cells"}`;
}

function Figures({ reach }: { reach: Reach }) {
  return (
    <dl class="figures">
      <div><dt>Area</dt><dd>{areaText(reach.areaKm2)}</dd></div>
      <div><dt>Channels</dt><dd>{cellsText(reach.cells)}</dd></div>
      <div><dt>Followers</dt><dd>{reach.followers ? `about ${reach.followers.toLocaleString()}` : "none yet"}</dd></div>
    </dl>
  );
}

export function ReachCard() {
  const now = preview.value;
  const reach = now.state === "known" ? now.reach : now.state === "asking" ? now.before : undefined;
  return (
    <section class={`card reach ${now.state}`} aria-label="What it reaches" aria-busy={now.state === "asking"}>
      {reach && <Figures reach={reach} />}
      <p role="status" class={now.state === "refused" ? "wrong" : "hint"}>
        {now.state === "none" && "Draw the area to see whom it reaches."}
        {now.state === "asking" && !reach && "Asking the broker…"}
        {now.state === "refused" && (now.field === "place" ? "It cannot be sent there." : now.field ? `${now.field}: ${now.rule}` : now.rule)}
        {reach?.approval && "A second officer must approve it before anybody is told."}
      </p>
      {reach && reach.cells.length > 0 && (
        <details>
          <summary>The cells</summary>
          <p class="cells">{reach.cells.join(" ")}</p>
        </details>
      )}
    </section>
  );
}

/** The alert as the document that everybody can fetch when it is out. */
export function CapCard() {
  const now = preview.value;
  const document = now.state === "known" ? now.reach.document : "";
  return (
    <details class="card">
      <summary>As a CAP 1.2 document</summary>
      {document ? <pre class="document" tabIndex={0} aria-label="CAP document">{document}</pre> : <p class="hint">Comes with the area.</p>}
    </details>
  );
}
