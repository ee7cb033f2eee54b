/* A file that was chosen for a request: its picture, its times, what is said with it; shared or declined. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { FootageRequest } from "@neighbors/client";
import { broker } from "../session/connection";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { stillOfPicture, stillOfVideo } from "./stills";

export interface ChosenClip {
  /** Its name between this browser and the broker; the agency learns another. */
  id: string;
  file: File;
}

const DAY = 86_400_000;

/** For an <input type="datetime-local">: local time to the minute. */
function localTime(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function addressOfFile(file: File): { address: string; free(): void } {
  const address = URL.createObjectURL(file);
  return { address, free: () => URL.revokeObjectURL(address) };
}

/** The picture that would be shared, shown as it is. */
function Still({ still }: { still: Blob }) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const { address, free } = addressOfFile(still as File);
    if (image.current) {
      image.current.src = address;
    }
    return free;
  }, [still]);
  return (
    <figure class="still"><img ref={image} alt="" /><figcaption class="quiet">{words.footage.sizeOf(Math.ceil(still.size / 1000))}</figcaption></figure>
  );
}

function VideoFrame({ file, onStill }: { file: File; onStill(still: Blob | undefined): void }) {
  const video = useRef<HTMLVideoElement>(null);
  const length = useSignal(0);
  useEffect(() => {
    const { address, free } = addressOfFile(file);
    if (video.current) {
      video.current.src = address;
    }
    return free;
  }, [file]);
  const takes = useRef(0);
  const take = async () => { // the newest frame is the one that was chosen, in whatever order they are done
    const mine = ++takes.current;
    const still = video.current ? await stillOfVideo(video.current) : undefined;
    if (mine === takes.current) {
      onStill(still);
    }
  };
  return (
    <>
      <video ref={video} class="clip-video" muted playsInline preload="auto" aria-hidden="true" tabIndex={-1} onLoadedMetadata={() => { length.value = video.current?.duration ?? 0; }}
        onLoadedData={take} onSeeked={take} onError={() => onStill(undefined)} />
      {length.value > 0 && Number.isFinite(length.value) && (
        <label class="field"><span>{words.footage.frame}</span>
          <input type="range" min={0} max={length.value} step={0.1} defaultValue="0"
            onInput={(event) => { if (video.current) { video.current.currentTime = Number(event.currentTarget.value); } }} /></label>
      )}
    </>
  );
}

interface Told {
  from: string;
  to: string;
  note: string;
  reference: string;
  days: number;
}

function Fields({ told, onChange }: { told: Told; onChange(change: Partial<Told>): void }) {
  return (
    <>
      <div class="two">
        <label class="field"><span>{words.footage.recordedFrom}</span>
          <input type="datetime-local" value={told.from} onInput={(event) => onChange({ from: event.currentTarget.value })} /></label>
        <label class="field"><span>{words.footage.recordedTo}</span>
          <input type="datetime-local" value={told.to} onInput={(event) => onChange({ to: event.currentTarget.value })} /></label>
      </div>
      <label class="field"><span>{words.footage.note}</span>
        <textarea rows={2} value={told.note} onInput={(event) => onChange({ note: event.currentTarget.value })} /></label>
      <label class="field"><span>{words.footage.reference}</span>
        <input value={told.reference} onInput={(event) => onChange({ reference: event.currentTarget.value })} />
        <span class="hint">{words.footage.referenceHint}</span></label>
      <label class="field"><span>{words.footage.deleteBy}</span>
        <select value={told.days} onChange={(event) => onChange({ days: Number(event.currentTarget.value) })}>
          {[7, 30, 90, 180].map((days) => <option key={days} value={days}>{words.time.days(days)}</option>)}
        </select></label>
    </>
  );
}

export function ClipCard({ clip, request, onDone }: { clip: ChosenClip; request: FootageRequest; onDone(): void }) {
  const isVideo = clip.file.type.startsWith("video/");
  const still = useSignal<Blob | undefined>(undefined);
  const isRead = useSignal(false);
  const told = useSignal<Told>({ from: localTime(request.from), to: localTime(request.to), note: "", reference: "", days: 30 });
  const task = useTask<void>();
  const take = (made: Blob | undefined) => { still.value = made; isRead.value = true; };
  useEffect(() => {
    if (!isVideo) {
      void stillOfPicture(clip.file).then(take);
    }
  }, [clip.file]);
  const share = () => task.run(async () => {
    const { from, to, note, reference, days } = told.value;
    const picture = still.value && { still: new Uint8Array(await still.value.arrayBuffer()) };
    await broker().footage.share(request.requestId, { clipId: clip.id, from: new Date(from).getTime(), to: new Date(to).getTime(),
      note: note.trim(), reference: reference.trim(), deleteBy: Date.now() + days * DAY - 60_000, ...picture });
    onDone();
  });
  const decline = () => task.run(async () => {
    await broker().footage.decline(request.requestId, clip.id);
    onDone();
  });
  const hasSomething = still.value !== undefined || told.value.note.trim() !== "" || told.value.reference.trim() !== "";
  return (
    <section class="card clip" aria-label={words.footage.clip(clip.id)}>
      <h2>{words.footage.clip(clip.id)} <span class="quiet one-line">{clip.file.name}</span></h2>
      {isVideo && <VideoFrame file={clip.file} onStill={take} />}
      {still.value ? <Still still={still.value} /> : isRead.value && <p class="quiet">{words.footage.noStill}</p>}
      <Fields told={told.value} onChange={(change) => { told.value = { ...told.value, ...change }; }} />
      <Trouble error={task.error} />
      <div class="row">
        <button class="button main" disabled={task.busy || !hasSomething} onClick={share}>{task.busy ? words.footage.sealing : words.footage.share}</button>
        <button class="button" disabled={task.busy} onClick={decline}>{words.footage.decline}</button>
      </div>
    </section>
  );
}
