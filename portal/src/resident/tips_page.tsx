/* Tips to agencies: the list of conversations, a new one, and one of them. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { broker } from "../session/connection";
import { age, clock } from "../common/format";
import { halfMinute } from "../common/clock";
import { download } from "../common/download";
import { useLetters } from "../common/letter";
import { useMounted } from "../common/mounted";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { agencies, agencyName, useAgencies } from "./agencies";
import { beginTip, conversations, forgetConversation, goOn, markRead, opened, type Conversation, type Reply, type Voucher } from "./tips";
import { addressOfView, show, viewId } from "./view";

function AgencyField({ value, onAgency }: { value: string; onAgency(id: string): void }) {
  const list = agencies.value;
  useAgencies();
  if (list === "failed") {
    return <p class="wrong" role="alert">{words.tips.agenciesFailed}</p>;
  }
  if (list?.length === 0) {
    return <p class="quiet">{words.tips.noAgencies}</p>;
  }
  return (
    <label class="field">
      <span>{words.tips.agency}</span>
      <select value={value} required onChange={(event) => onAgency(event.currentTarget.value)}>
        <option value="">{words.tips.choose}</option>
        {list?.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
    </label>
  );
}

function NewTip({ about }: { about: string }) {
  const tip = useSignal({ agency: "", about, caseNumber: "", text: "" });
  const task = useTask<void>();
  const mounted = useMounted();
  const change = (changes: Partial<typeof tip.value>) => { tip.value = { ...tip.value, ...changes }; };
  const send = (event: Event) => {
    event.preventDefault();
    void task.run(async () => {
      const id = await beginTip(broker(), tip.value);
      if (mounted.current) { // who has gone elsewhere meanwhile stays there
        show("tips", id);
      }
    });
  };
  return (
    <form class="stack" onSubmit={send}>
      <a class="back-link" href={addressOfView("tips")}>← {words.tips.title}</a>
      <h1>{words.tips.begin}</h1>
      {about && <p class="quiet">{words.tips.about(about)}</p>}
      <p class="quiet">{words.tips.why} {words.tips.scrub}</p>
      <AgencyField value={tip.value.agency} onAgency={(agency) => change({ agency })} />
      <label class="field"><span>{words.tips.text}</span>
        <textarea rows={6} value={tip.value.text} onInput={(event) => change({ text: event.currentTarget.value })} /></label>
      <label class="field"><span>{words.tips.case}</span>
        <input maxLength={64} value={tip.value.caseNumber} onInput={(event) => change({ caseNumber: event.currentTarget.value })} /></label>
      <Trouble error={task.error} />
      <button class="button main" disabled={task.busy || !tip.value.agency || !tip.value.text.trim()}>{task.busy ? words.sending : words.send}</button>
    </form>
  );
}

function Code({ code }: { code: string }) {
  const isCopied = useSignal(false);
  return (
    <section class="card code-card">
      <h2>{words.tips.code}</h2>
      <p class="claim-code"><code>{code}</code>
        <button class="button" onClick={async () => { await navigator.clipboard.writeText(code); isCopied.value = true; }}>{isCopied.value ? words.tips.copied : words.tips.copy}</button></p>
      <p class="hint">{words.tips.codeWhy}</p>
    </section>
  );
}

function VoucherCard({ held }: { held: Voucher }) {
  return (
    <section class="card voucher">
      <h2>{words.tips.voucher}</h2>
      <p><strong>{held.reward || held.programme}</strong></p>
      <p class="quiet">{words.tips.voucherNumber(held.number, held.programme)} · {words.tips.voucherUntil(new Date(held.claimUntil).toLocaleDateString())}</p>
      {held.claimText && <p class="prose">{held.claimText}</p>}
      <p class="hint">{words.tips.voucherHint}</p>
      <button class="button" onClick={() => download(`voucher-${held.programme}-${held.number}.jws`, held.voucher, "application/jose")}>{words.tips.download}</button>
    </section>
  );
}

function ReplyForm({ id }: { id: string }) {
  const text = useSignal("");
  const task = useTask<void>();
  const letters = useLetters<Reply>();
  const send = (event: Event) => {
    event.preventDefault();
    void task.run(async () => {
      const sent = text.value;
      await goOn(broker(), id, letters.of(sent, (senderTipId) => ({ senderTipId, conversationId: id, text: sent.trim() })));
      letters.answered();
      text.value = text.value === sent ? "" : text.value;
    });
  };
  return (
    <form class="stack" onSubmit={send}>
      <label class="field"><span>{words.tips.reply}</span><textarea rows={3} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} /></label>
      <Trouble error={task.error} />
      <button class="button main" disabled={task.busy || !text.value.trim()}>{task.busy ? words.sending : words.send}</button>
    </form>
  );
}

function OneConversation({ one }: { one: Conversation }) {
  const name = agencyName(one.agency);
  useEffect(() => {
    opened.value = one.id;
    markRead(one.id);
    return () => { opened.value = ""; };
  }, [one.id]);
  return (
    <>
      <a class="back-link" href={addressOfView("tips")}>← {words.tips.title}</a>
      <h1>{words.tips.open(name)}</h1>
      {one.vouchers.map((held) => <VoucherCard key={held.voucher} held={held} />)}
      <ol class="talk" aria-live="polite">
        {one.said.map((said) => (
          <li key={said.id} class={said.fromAgency ? "theirs" : "ours"}>
            <p class="row-top"><strong>{said.fromAgency ? name : words.tips.you}</strong><span>{clock(said.at)}</span></p>
            <p class="prose" dir="auto">{said.text ?? words.tips.sealedText}</p>
          </li>
        ))}
      </ol>
      <ReplyForm key={one.id} id={one.id} />
      {one.code && <Code code={one.code} />}
      <button class="link-button" onClick={() => { forgetConversation(one.id); show("tips"); }}>{words.tips.forget}</button>
    </>
  );
}

export function TipsPage() {
  const id = viewId.value;
  const one = conversations.value.find((conversation) => conversation.id === id);
  useAgencies();
  if (id.startsWith("new")) {
    return <NewTip key={id} about={id.split(":")[1] ?? ""} />;
  }
  if (one) {
    return <OneConversation one={one} />;
  }
  return (
    <>
      <h1>{words.tips.title}</h1>
      <p class="quiet">{words.tips.why}</p>
      <a class="button main" href={addressOfView("tips", "new")}>{words.tips.begin}</a>
      {conversations.value.length === 0 && <p class="empty quiet">{words.tips.none}</p>}
      <ul class="plain-list">
        {conversations.value.map((conversation) => (
          <li key={conversation.id}>
            <a class="card talk-link" href={addressOfView("tips", conversation.id)}>
              <span class="row-top"><strong>{agencyName(conversation.agency)}</strong><span>{age(conversation.said.at(-1)?.at ?? 0, halfMinute.value)}</span>
                {conversation.isNew && <span class="new-mark">{words.tips.newReply}</span>}</span>
              <span class="one-line">{conversation.said.at(-1)?.text ?? words.tips.conversation(conversation.id)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
