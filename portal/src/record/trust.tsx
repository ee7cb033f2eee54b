/* Whether the record can be believed, said first and in plain words; and loudly when it cannot. */
import { age, clock } from "../common/format";
import { halfMinute } from "../common/clock";
import { empty, fault, key, leaves, reading, recomputed, trouble } from "./reading";

const counted = (acts: number) => (acts === 1 ? "1 act" : `${acts} acts`);

function Alarm({ why }: { why: string }) {
  return (
    <div class="card record-alarm" role="alert">
      <h2>The record is not what it was</h2>
      <p>This browser found that <strong>{why}</strong>.</p>
      <p>
        Somebody changed or removed what agencies did, or this server shows you another record than others. Do not rely on what
        stands below. Keep this page open, and tell the operator and your neighbors: <code>neighbors log verify</code> checks it
        from anywhere.
      </p>
    </div>
  );
}

function Before() {
  const { before, head } = reading.value ?? {};
  if (!before || !head) {
    return <>This browser saw the record for the first time, and will notice when it is rewritten from now on.</>;
  }
  return (
    <>
      It goes on with what this browser saw {clock(before.at)} ({counted(before.size)})
      {head.size > before.size ? `: ${head.size - before.size} came since, none was changed.` : ": nothing was changed."}
    </>
  );
}

export function Trust() {
  const told = reading.value;
  if (fault.value) {
    return <Alarm why={fault.value} />;
  }
  if (!told) {
    return <p class="quiet" role="status">{trouble.value || (empty.value ? "Nothing stands in the record yet." : "Reading the record…")}</p>;
  }
  const { head } = told;
  return (
    <div class="card record-trust">
      <h2><span class="trust-mark" aria-hidden="true">✓</span> Nothing was rewritten</h2>
      <p>{counted(head.size)}, signed {age(head.at, halfMinute.value)}. <Before /></p>
      <p class="quiet">
        {recomputed.value === "all"
          ? `${counted(leaves.value.length)} computed anew in this browser, up to what is signed.`
          : `The newest ${leaves.value.length} acts are shown; each can be checked.`}
        {trouble.value && ` The newest state cannot be read now: ${trouble.value}.`}
      </p>
      <details>
        <summary>The key that signs it</summary>
        <p class="quiet">Hold it against what the operator made known elsewhere (Ed25519):</p>
        <code class="key">{key.value.match(/.{1,8}/g)?.join(" ")}</code>
      </details>
    </div>
  );
}
