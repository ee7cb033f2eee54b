/* Symbols drawn once for a size and theme, and then only copied: ten thousand paths would be too many for each picture. */
import { colors } from "./theme";
import { dotOf, glyphOf, lookOf, lowered, SIDE, type Category, type MotionKind, type Severity } from "./symbols";

export interface Sprite {
  image: HTMLCanvasElement;
  /** Side on the page, in CSS pixels. */
  side: number;
}

const DOT = 11;
const SYMBOL = 28;
const RIM = 3;

let made = new Map<string, Sprite>();

/** To be called when the colours have changed. */
export function forgetSprites(): void {
  made = new Map();
}

function blank(side: number): { sprite: Sprite; context: CanvasRenderingContext2D } {
  const dense = window.devicePixelRatio || 1;
  const image = document.createElement("canvas");
  image.width = image.height = Math.ceil(side * dense);
  const context = image.getContext("2d");
  if (!context) {
    throw new Error("this browser has no canvas");
  }
  context.scale(image.width / side, image.height / side);
  return { sprite: { image, side }, context };
}

function once(name: string, draw: () => Sprite): Sprite {
  const known = made.get(name) ?? draw();
  made.set(name, known);
  return known;
}

/* Draws a shape of SIDE with a rim in the colour of the surface, so that it stands off the ground. */
function shape(context: CanvasRenderingContext2D, path: Path2D, size: number, side: number, color: string, rim: number): void {
  const scale = size / SIDE;
  context.translate((side - size) / 2, (side - size) / 2);
  context.scale(scale, scale);
  context.lineJoin = "round";
  context.lineWidth = (2 * rim) / scale;
  context.strokeStyle = colors().surface;
  context.stroke(path);
  context.fillStyle = color;
  context.fill(path);
}

export function dotSprite(kind: MotionKind): Sprite {
  return once(`dot ${kind}`, () => {
    const side = DOT + 4;
    const { sprite, context } = blank(side);
    shape(context, new Path2D(dotOf(kind)), DOT, side, colors().activity, 1.25);
    return sprite;
  });
}

export function alertSprite(category: Category, severity: Severity): Sprite {
  return once(`alert ${category} ${severity}`, () => {
    const side = SYMBOL + 2 * RIM;
    const { sprite, context } = blank(side);
    const look = lookOf(severity);
    shape(context, new Path2D(look.shape), SYMBOL, side, colors()[look.color], 1.5);
    context.translate(0, lowered(severity));
    context.fillStyle = colors()["on-symbol"];
    context.fill(new Path2D(glyphOf(category)), "evenodd");
    return sprite;
  });
}
