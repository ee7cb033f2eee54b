/* A conversation with somebody who gave a tip: who it is, nobody here learns. */
import type { Draft, Tip } from "@neighbors/client";
import { useEffect, useState } from "preact/hooks";
import { Trouble } from "../../common/trouble";
import { useLetters } from "../../common/letter";
import { useTask } from "../../common/task";
import { TextField } from "../form";
import { openSealed } from "../footage/opened";
import { privateKey } from "../footage/key";
import { broker, own } from "../own";
import { clock } from "../../common/format";
import { Grant } from "./grant";

function Sealed({ sealed }: { sealed: Uint8Array }) {
  const [text, setText] = useState("");
  const key = privateKey.value;
  const certificate = own.value?.certificate; // unknown until the broker has told what is here
  useEffect(() => {
    let isWanted = key !== undefined && certificate !== undefined;
    const tell = (now: string) => isWanted && setText(now);
    tell("");
    if (isWanted && certificate) {
      openSealed(sealed, certificate).then((bytes) => tell(new TextDecoder().decode(bytes)),
        (error: unknown) => tell(`(it does not open: ${error instanceof Error ? error.message : "unknown"})`));
    }
    return () => {
      isWanted = false;
    };
  }, [key, sealed, certificate?.join()]);
  return key ? <span>{text}</span> : <em class="quiet">Sealed: choose the key under Footage to read it.</em>;
}

function Message({ tip }: { tip: Tip }) {
  return (
    <li class={tip.fromAgency ? "message ours" : "message"}>
      <span class="quiet">{tip.fromAgency ? "Agency" : "Tipster"}, {clock(tip.at)}</span>
      <p dir="auto">{tip.sealed.length ? <Sealed sealed={tip.sealed} /> : tip.text}</p>
    </li>
  );
}

export function Conversation({ said, caseNumber }: { said: readonly Tip[]; caseNumber: string }) {
  const [text, setText] = useState("");
  const task = useTask<void>();
  const letters = useLetters<Draft<Tip>>();
  const id = said[0]?.conversationId ?? "";
  const reply = (event: Event) => {
    event.preventDefault();
    void task.run(async () => {
      await broker().publish.tip(letters.of(text, (senderTipId) => ({ senderTipId, conversationId: id, text: text.trim() })));
      letters.answered();
      setText((now) => (now === text ? "" : now)); // they may write on already
    });
  };
  return (
    <article class="card" aria-label={`Conversation ${id.slice(0, 6)}`}>
      <h2>Tip {id.slice(0, 6)}</h2>
      <ol class="messages">{said.map((tip) => <Message key={tip.tipId} tip={tip} />)}</ol>
      <form onSubmit={reply} class="desk-form">
        <TextField label="Reply" rows={2} value={text} most={4096} hint="Do not ask who they are." onValue={setText} />
        <Trouble error={task.error} />
        <div class="row">
          <button class="button main" disabled={!text.trim() || task.busy}>{task.busy ? "Sending…" : "Send the reply"}</button>
          <Grant conversationId={id} caseNumber={caseNumber} />
        </div>
      </form>
    </article>
  );
}
