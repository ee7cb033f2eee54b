/* Opens what residents sealed, in this browser. What was opened stays in memory as long as the key does. */
import { signal } from "@preact/signals";
import type { Footage } from "@neighbors/client";
import { own } from "../own";
import { privateKey } from "./key";

/** A SealedClip as it stands in the seal. */
export interface OpenedClip {
  device: string;
  note: string;
  purpose: string;
  reference: string;
  from: number;
  to: number;
  deleteBy: number;
  mediaType: string;
  /** A blob: address of the picture; "". */
  picture: string;
}
export type Opening = { clip: OpenedClip } | { wrong: string };

export const opened = signal<ReadonlyMap<string, Opening>>(new Map());

let opener = privateKey.peek();
privateKey.subscribe((key) => {
  if (key !== opener) {
    opener = key;
    opened.peek().forEach((one) => "clip" in one && one.clip.picture && URL.revokeObjectURL(one.clip.picture));
    opened.value = new Map();
  }
});

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function pictureOf(still: string, mediaType: string): string {
  if (!still || !/^(image|video)\/[a-z0-9.+-]+$/.test(mediaType)) {
    return "";
  }
  const bytes = Uint8Array.from(atob(still.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: mediaType }));
}

/** The seal holds the proto3 JSON of a SealedClip. */
function read(bytes: Uint8Array): OpenedClip {
  const clip = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Record<string, unknown>;
  const mediaType = text(clip["mediaType"]);
  return {
    device: text(clip["device"]), note: text(clip["note"]), purpose: text(clip["purpose"]), reference: text(clip["reference"]),
    from: Number(clip["from"] ?? 0), to: Number(clip["to"] ?? 0), deleteBy: Number(clip["deleteBy"] ?? 0), mediaType,
    picture: pictureOf(text(clip["still"]), mediaType),
  };
}

function certificateOf(requestId: string): Uint8Array | undefined {
  return own.peek()?.requests.find(({ request }) => request?.requestId === requestId)?.request?.agencyCertificate;
}

/** The text or the bytes of something sealed to the agency; rejects with the reason. */
export async function openSealed(sealed: Uint8Array, certificate: Uint8Array): Promise<Uint8Array> {
  const { open } = await import("@neighbors/client/seal");
  return open(sealed, privateKey.peek()?.pem ?? "", certificate);
}

export async function openClip(footage: Footage): Promise<void> {
  const key = privateKey.peek();
  const put = (one: Opening) => {
    if (privateKey.peek() !== key) { // forgotten, or another: what was opened by it is not shown any more
      "clip" in one && one.clip.picture && URL.revokeObjectURL(one.clip.picture);
      return;
    }
    opened.value = new Map(opened.peek()).set(footage.clipId, one);
  };
  const certificate = certificateOf(footage.requestId);
  if (!certificate) {
    put({ wrong: "The request that it answers is not known any more." });
    return;
  }
  try {
    put({ clip: read(await openSealed(footage.sealed, certificate)) });
  } catch (error) {
    put({ wrong: `It does not open with this key (${error instanceof Error ? error.message : "unknown"}).` });
  }
}
