/* Small pictures of files on this device, so small that they fit into an answer. The file itself goes nowhere. */

/** Bytes: what the schema allows of a picture. */
export const STILL_MOST = 30_000;
const SIDES = [1024, 800, 640, 480, 360, 240];
const QUALITIES = [0.8, 0.65, 0.5, 0.35];

function jpegOf(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}

function drawn(source: CanvasImageSource, width: number, height: number, side: number): HTMLCanvasElement {
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The best JPEG that fits; drawn anew, so that nothing that a camera wrote into the file (its place, its owner) is in it. */
export async function stillOf(source: CanvasImageSource, width: number, height: number): Promise<Blob | undefined> {
  for (const side of SIDES) {
    const canvas = drawn(source, width, height, side);
    for (const quality of QUALITIES) {
      const blob = await jpegOf(canvas, quality);
      if (blob && blob.size <= STILL_MOST) {
        return blob;
      }
    }
  }
  return undefined;
}

export async function stillOfPicture(file: File): Promise<Blob | undefined> {
  try {
    const picture = await createImageBitmap(file);
    return await stillOf(picture, picture.width, picture.height);
  } catch {
    return undefined; // no picture that this browser can read
  }
}

export function stillOfVideo(video: HTMLVideoElement): Promise<Blob | undefined> {
  return video.videoWidth ? stillOf(video, video.videoWidth, video.videoHeight) : Promise.resolve(undefined);
}
