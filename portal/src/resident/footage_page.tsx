/* Agencies' requests for footage: what is asked, what the agency learns, and the owner's decision for each clip. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { FootageRequest, HeldRequest } from "@neighbors/client";
import { areaOf } from "../map/area";
import { broker } from "../session/connection";
import { clock, span } from "../common/format";
import { second } from "../common/clock";
import { words } from "../words";
import { ClipCard, type ChosenClip } from "./clip_card";
import { requests, requestsChanged } from "./footage";
import { useShape } from "./shapes";
import { addressOfView, viewId } from "./view";

type Decision = "SHARE" | "DECLINE" | "WITHDRAW";

function Facts({ request }: { request: FootageRequest }) {
  return (
    <dl class="facts">
      <dt>{words.footage.sought}</dt><dd class="prose" dir="auto">{request.sought}</dd>
      <dt>{words.footage.incident}</dt><dd>{words.incidents[request.incident]}</dd>
      <dt>{words.footage.case}</dt><dd>{request.caseNumber}</dd>
      <dt>{words.footage.times}</dt><dd>{clock(request.from)} – {clock(request.to)}</dd>
      <dt>{words.footage.devices}</dt><dd>{request.devices.join(", ") || words.none}</dd>
      <dt>{words.footage.contact}</dt><dd>{request.contact}</dd>
      <dt>{words.footage.openUntil}</dt><dd>{clock(request.openUntil)}</dd>
    </dl>
  );
}

function Learns({ held }: { held: HeldRequest }) {
  const { answerAt } = held.request;
  return (
    <section class="card promise">
      <h2>{words.footage.learns}</h2>
      <p>{words.footage.learnsNothing}</p>
      <p>{words.footage.learnsShared}</p>
      <p role="status"><strong>{held.sent ? words.footage.left : words.footage.leaves(clock(answerAt), span(answerAt - second.value))}</strong></p>
    </section>
  );
}

function decisionWords(decision: Decision, wasLeft: boolean): string {
  return { SHARE: wasLeft ? words.footage.sharedLeft : words.footage.shared, DECLINE: words.footage.declined,
    WITHDRAW: wasLeft ? words.footage.withdrawn : words.footage.withdrawnBefore }[decision];
}

function Decided({ held, id, decision }: { held: HeldRequest; id: string; decision: Decision }) {
  const trouble = useSignal("");
  const withdraw = async () => {
    try {
      await broker().footage.withdraw(held.request.requestId, id);
      requestsChanged();
    } catch (error) {
      trouble.value = String(error);
    }
  };
  return (
    <li class="card decided">
      <div><strong>{words.footage.clip(id)}</strong><p class="quiet" role="status">{decisionWords(decision, held.sent)}</p></div>
      {decision === "SHARE" && <button class="button danger" onClick={withdraw}>{words.footage.withdraw}</button>}
      {trouble.value && <p class="wrong" role="alert">{trouble.value}</p>}
    </li>
  );
}

/** Files that were chosen and not decided yet; they are gone with the page. */
function Chooser({ held }: { held: HeldRequest }) {
  const clips = useSignal<readonly ChosenClip[]>([]);
  const add = (event: Event & { currentTarget: HTMLInputElement }) => {
    const files = [...(event.currentTarget.files ?? [])];
    const taken = held.decisions.size + clips.value.length;
    clips.value = [...clips.value, ...files.map((file, i) => ({ id: `clip-${taken + i + 1}`, file }))];
    event.currentTarget.value = "";
  };
  const done = (id: string) => {
    clips.value = clips.value.filter((clip) => clip.id !== id);
    requestsChanged();
  };
  return (
    <>
      <label class="field file-field">
        <span>{words.footage.addFiles}</span>
        <input type="file" accept="image/*,video/*" multiple onChange={add} />
        <span class="hint">{words.footage.addFilesHint}</span>
      </label>
      {clips.value.map((clip) => <ClipCard key={clip.id} clip={clip} request={held.request} onDone={() => done(clip.id)} />)}
    </>
  );
}

function OneRequest({ held }: { held: HeldRequest }) {
  const { request, decisions } = held;
  useShape(areaOf(request.place), request.requestId);
  return (
    <>
      <a class="back-link" href={addressOfView("footage")}>← {words.footage.all}</a>
      <h1>{words.footage.from(request.agencyName)}</h1>
      <Facts request={request} />
      <Learns held={held} />
      <ul class="plain-list">{[...decisions].map(([id, decision]) => <Decided key={id} held={held} id={id} decision={decision} />)}</ul>
      {held.request.openUntil > second.value ? <Chooser held={held} /> : <p class="quiet">{words.footage.ended}</p>}
    </>
  );
}

function RequestRow({ held: { request, sent } }: { held: HeldRequest }) {
  return (
    <li>
      <a class="card talk-link" href={addressOfView("footage", request.requestId)}>
        <span class="row-top"><strong>{request.agencyName}</strong><span>{words.incidents[request.incident]}</span><span>{request.caseNumber}</span></span>
        <span class="one-line" dir="auto">{request.sought}</span>
        <span class="quiet">{sent ? words.footage.left : words.footage.leaves(clock(request.answerAt), span(request.answerAt - second.value))}</span>
      </a>
    </li>
  );
}

export function FootagePage() {
  const held = requests.value.find(({ request }) => request.requestId === viewId.value);
  useEffect(requestsChanged, []);
  if (held) {
    return <OneRequest key={held.request.requestId} held={held} />;
  }
  return (
    <>
      <h1>{words.footage.title}</h1>
      <p class="quiet">{words.footage.why}</p>
      {requests.value.length ? <ul class="plain-list">{requests.value.map((one) => <RequestRow key={one.request.requestId} held={one} />)}</ul>
        : <p class="empty quiet">{words.footage.none} {words.footage.noneHint}</p>}
      <a class="button" href={addressOfView("settings")}>{words.footage.allow}</a>
    </>
  );
}
