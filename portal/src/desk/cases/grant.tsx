/* Granting a reward for a tip, out of a programme's stock. */
import { useState } from "preact/hooks";
import type { Draft, Reward } from "@neighbors/client";
import { useLetters } from "../../common/letter";
import { Ask } from "../ask";
import { Select, TextField } from "../form";
import { broker, own, refresh } from "../own";

export function grantsFor(conversationId: string): string[] {
  return (own.value?.programmes ?? []).flatMap(({ reward, grants }) =>
    grants.filter((grant) => grant.conversationId === conversationId).map(({ number }) => `${reward} (number ${number})`));
}

function Asked({ conversationId, caseNumber, onClose }: { conversationId: string; caseNumber: string; onClose(): void }) {
  const programmes = (own.value?.programmes ?? []).filter(({ stock, given }) => given < stock);
  const [programme, setProgramme] = useState(programmes[0]?.programme ?? "");
  const [number, setNumber] = useState(caseNumber);
  const [claimText, setClaimText] = useState("");
  const letters = useLetters<Draft<Reward>>();
  const work = async () => {
    await broker().publish.reward(letters.of([programme, number, claimText], (senderRewardId) =>
      ({ senderRewardId, programme, conversationId, caseNumber: number.trim(), claimText: claimText.trim() })));
    letters.answered();
    await refresh();
  };
  return (
    <Ask title="Grant a reward?" does="Grant it" ready={Boolean(programme && number.trim())} work={work} onClose={onClose}>
      <Select label="Programme" value={programme} hint={programmes.length ? undefined : "No programme has any left."}
        options={programmes.map((one) => [one.programme, `${one.reward}: ${one.stock - one.given} of ${one.stock} left`] as const)} onValue={setProgramme} />
      <TextField label="Case number" value={number} most={64} hint="Stands in the public record." onValue={setNumber} />
      <TextField label="How to claim it" rows={2} value={claimText} most={4096} hint="To the tipster alone." onValue={setClaimText} />
    </Ask>
  );
}

export function Grant({ conversationId, caseNumber }: { conversationId: string; caseNumber: string }) {
  const [asked, setAsked] = useState(false);
  const given = grantsFor(conversationId);
  return (
    <>
      <button type="button" class="button" disabled={!own.value?.programmes.length} onClick={() => setAsked(true)}>Grant a reward …</button>
      {given.length > 0 && <p class="quiet">Granted: {given.join(", ")}</p>}
      {asked && <Asked conversationId={conversationId} caseNumber={caseNumber} onClose={() => setAsked(false)} />}
    </>
  );
}
