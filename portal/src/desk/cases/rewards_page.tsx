/* The rewards inventory: what each programme has, what was given, what was handed in. */
import { useState } from "preact/hooks";
import type { DeskProgramme } from "@neighbors/client";
import { personal } from "../../session/personal";
import { Ask } from "../ask";
import { TextField, Told } from "../form";
import { broker, own, ownTrouble, refresh } from "../own";

const outcome = personal(() => "");

function Programme({ programme: one, onStock }: { programme: DeskProgramme; onStock(): void }) {
  const [redeems, setRedeems] = useState(false);
  const [number, setNumber] = useState("");
  const redeem = async () => {
    await broker().publish.reward({ programme: one.programme, redeem: Number(number) });
    outcome.value = `Voucher ${number} of ${one.programme} was taken in.`;
    setNumber("");
    await refresh();
  };
  const handedIn = one.grants.filter(({ redeemed }) => redeemed).length;
  return (
    <article class="card" aria-label={one.programme}>
      <h2>{one.programme}</h2>
      <p>{one.reward}</p>
      <dl class="figures">
        <div><dt>Left</dt><dd>{one.stock - one.given}</dd></div>
        <div><dt>Given</dt><dd>{one.given}</dd></div>
        <div><dt>Handed in</dt><dd>{handedIn}</dd></div>
        <div><dt>In all</dt><dd>{one.stock}</dd></div>
      </dl>
      {one.grants.length > 0 && (
        <details>
          <summary>Vouchers</summary>
          <ul class="bare">{one.grants.map((grant) => <li key={grant.number}>Number {grant.number}, tip {grant.conversationId.slice(0, 6)}{grant.redeemed ? ", handed in" : ""}</li>)}</ul>
        </details>
      )}
      <div class="row">
        <button type="button" class="button" onClick={onStock}>Change the stock …</button>
        <button type="button" class="button" disabled={one.given === 0} onClick={() => setRedeems(true)}>Take a voucher in …</button>
      </div>
      {redeems && (
        <Ask title="Take a voucher in?" does="Take it in" ready={/^[1-9]\d*$/.test(number)} work={redeem} onClose={() => setRedeems(false)}>
          <p>Check the voucher and the tipster's code first (neighbors reward check). Each is taken in once.</p>
          <TextField label="Number of the voucher" type="number" value={number} onValue={setNumber} />
        </Ask>
      )}
    </article>
  );
}

function Stock({ programme: one, onClose }: { programme: DeskProgramme | undefined; onClose(): void }) {
  const [name, setName] = useState(one?.programme ?? "");
  const [reward, setReward] = useState(one?.reward ?? "");
  const [stock, setStock] = useState(String(one?.stock ?? ""));
  const good = /^[A-Za-z0-9._-]{1,64}$/.test(name) && reward.trim() && /^[1-9]\d{0,6}$/.test(stock);
  const work = async () => {
    await broker().publish.reward({ programme: name, reward: reward.trim(), stock: Number(stock) });
    outcome.value = `${name} has ${stock} in all.`;
    await refresh();
  };
  return (
    <Ask title={one ? `Stock of ${one.programme}` : "New programme"} does="Save" ready={Boolean(good)} work={work} onClose={onClose}>
      {!one && <TextField label="Name" hint="Letters, digits, dot, line: cameras-2026" value={name} onValue={setName} />}
      <TextField label="What each is" hint="A doorbell camera" value={reward} most={360} onValue={setReward} />
      <TextField label="How many in all" type="number" hint="Given and left." value={stock} onValue={setStock} />
    </Ask>
  );
}

export function RewardsPage() {
  const [asked, setAsked] = useState<{ programme: DeskProgramme | undefined }>();
  const programmes = own.value?.programmes ?? [];
  return (
    <div class="desk-form">
      <h1>Rewards</h1>
      <Told good={outcome.value} bad={ownTrouble.value} />
      {own.value && programmes.length === 0 && <p class="quiet">No programme yet. A reward is granted for a tip, out of a programme's stock.</p>}
      {programmes.map((one) => <Programme key={one.programme} programme={one} onStock={() => setAsked({ programme: one })} />)}
      <button type="button" class="button main" onClick={() => setAsked({ programme: undefined })}>New programme …</button>
      {asked && <Stock programme={asked.programme} onClose={() => setAsked(undefined)} />}
    </div>
  );
}
