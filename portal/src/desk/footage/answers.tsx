/* The answers to a request: opened in this browser with the agency's key, shown, and kept where the officer wants. */
import type { Footage } from "@neighbors/client";
import { useEffect } from "preact/hooks";
import { footage } from "../own";
import { clock } from "../../common/format";
import { privateKey } from "./key";
import { opened, openClip, type OpenedClip } from "./opened";

export function answersTo(requestId: string): Footage[] {
  return [...footage.value.values()].filter((clip) => clip.requestId === requestId);
}

function Picture({ clip, name }: { clip: OpenedClip; name: string }) {
  if (!clip.picture) {
    return null;
  }
  return (
    <figure class="clip-picture">
      {clip.mediaType.startsWith("video/") ? <video src={clip.picture} controls aria-label={`Recording of ${name}`} /> : <img src={clip.picture} alt={`Picture of ${name}`} />}
      <figcaption><a class="button" href={clip.picture} download={`${name}.${clip.mediaType.split("/")[1] ?? "bin"}`}>Download</a></figcaption>
    </figure>
  );
}

function Opened({ clip, name }: { clip: OpenedClip; name: string }) {
  const web = /^https?:\/\//.test(clip.reference);
  return (
    <>
      <Picture clip={clip} name={name} />
      {clip.note && <p class="said">{clip.note}</p>}
      <dl class="summary">
        {clip.device && <div><dt>Camera</dt><dd>{clip.device}</dd></div>}
        {clip.from > 0 && <div><dt>Recorded</dt><dd>{clock(clip.from)}{clip.to > clip.from && ` to ${clock(clip.to)}`}</dd></div>}
        {clip.reference && <div><dt>Recording</dt><dd>{web ? <a href={clip.reference} rel="noreferrer noopener" target="_blank">{clip.reference}</a> : clip.reference}</dd></div>}
        {clip.purpose && <div><dt>For</dt><dd>{clip.purpose}</dd></div>}
      </dl>
    </>
  );
}

function Clip({ footage: sealed, number }: { footage: Footage; number: number }) {
  const key = privateKey.value, one = opened.value.get(sealed.clipId);
  useEffect(() => {
    if (key && !opened.peek().has(sealed.clipId)) {
      void openClip(sealed);
    }
  }, [key, sealed.clipId]);
  return (
    <article class="card" aria-label={`Answer ${number}`}>
      <h3>Answer {number}</h3>
      {!key && <p class="quiet">Sealed, {sealed.sealed.length.toLocaleString()} bytes. Choose the key to open it.</p>}
      {key && !one && <p role="status" class="quiet">Opening…</p>}
      {one && "wrong" in one && <p role="alert" class="wrong">{one.wrong}</p>}
      {one && "clip" in one && <Opened clip={one.clip} name={`answer ${number}`} />}
      <p class="quiet">Came {clock(sealed.at)}; to be deleted by {clock(sealed.deleteBy)}.</p>
    </article>
  );
}

export function Answers({ requestId }: { requestId: string }) {
  const all = answersTo(requestId);
  return (
    <>
      {all.length === 0 && <p class="quiet">Nothing was shared so far. How many were asked, nobody is told.</p>}
      {all.map((clip, i) => <Clip key={clip.clipId} footage={clip} number={i + 1} />)}
    </>
  );
}
