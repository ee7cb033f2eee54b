/* What the broker asks of a resident's alert, known before it is sent: the broker's own rules (broker/kind/alert_rules.c) on its
 * own list of words (generated/words.ts), byte by byte as it reads them. The broker decides; a test holds both side by side. */
import { colours, fillers, judgements, persons } from "./generated/words.js";
import type { Alert, Category } from "./generated/messages.js";
import { Refusal } from "./refusal.js";
import type { Draft } from "./types.js";

const BAD_PAYLOAD = 0x99, NOT_ALLOWED = 0x87;
const DAY_MS = 86_400_000, LONGEST_DAYS = 30, WIDEST_M = 8000, WORD_BYTES = 31;

/* ---- words ---- */

/** What a text is worth, rising: no word in it; words of every report; colours alone; only looks and judgement; it helps. */
enum Worth { EMPTY, LITTLE, COLOURS, LOOKS, TELLS }

const worthOfWord: ReadonlyMap<string, Worth> = new Map([
  ...fillers.map((word) => [word, Worth.LITTLE] as const),
  ...judgements.map((word) => [word, Worth.LOOKS] as const),
  ...colours.map((word) => [word, Worth.COLOURS] as const),
  ...persons.map((word) => [word, Worth.LOOKS] as const),
]);

/** Letters behind 0xC3 in UTF-8, U+00C0 to U+00FF, without their accents; "." stands for none. */
const UNACCENTED = "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y";

/** The words in lower case without accents; "?" for a byte of a script that has no list: such a word tells something. */
function wordsOf(text: string): string[] {
  const bytes = new TextEncoder().encode(text), words: string[] = [];
  let word = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!, accented = byte === 0xc3 ? UNACCENTED[bytes[i + 1]! & 0x3f] ?? "." : ".";
    let letter = "";
    if (accented !== ".") {
      letter = accented;
      i++;
    } else if (byte >= 0x80) {
      letter = "?";
    } else if (/[A-Za-z0-9]/.test(String.fromCharCode(byte))) {
      letter = String.fromCharCode(byte).toLowerCase();
    }
    if (letter && word.length < WORD_BYTES) {
      word += letter;
    } else if (!letter && word) {
      words.push(word);
      word = "";
    }
  }
  return word ? [...words, word] : words;
}

function worthOf(text: string): Worth {
  return wordsOf(text).reduce<Worth>(
    (most, word) => Math.max(most, /^\d+$/.test(word) ? Worth.LITTLE : worthOfWord.get(word) ?? Worth.TELLS), Worth.EMPTY);
}

/* ---- rules ---- */

type Asked = "headline" | "description" | "nothing";
const asked: Readonly<Record<Category, Asked>> = {
  UNSPECIFIED: "headline", crime: "description", suspicious: "description", safety: "headline", fire: "headline",
  medical: "nothing", hazard: "headline", weather: "headline", other: "headline", lost_pet: "nothing", missing: "nothing",
};

const EMPTY = ["needed here: say what was done, which way they went, the vehicle, the clothing",
  "hace falta: diga qué hicieron, hacia dónde fueron, el vehículo, la ropa"] as const;
const LOOKS = ["says only what somebody looks like; what helps is what was done, which way they went, the vehicle, the clothing",
  "solo dice cómo es alguien; ayuda decir qué hicieron, hacia dónde fueron, el vehículo, la ropa"] as const;
const HIDDEN = ["holds characters that cannot be seen or that turn the writing",
  "contiene caracteres que no se ven o que invierten la escritura"] as const;
/** Zero-width spaces, marks and overrides of direction; joiners belong to some scripts and to emoji. */
const UNSEEN = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/;

/** What is wrong with the words, at most one refusal a field. */
function checkWords(alert: Draft<Alert>): Refusal[] {
  const language = /^es/i.test(alert.language ?? "") ? 1 : 0;
  const no = (field: string, rule: readonly [string, string]) => [new Refusal(BAD_PAYLOAD, field, rule[language])];
  const hidden = (["headline", "description", "instruction"] as const).filter((field) => UNSEEN.test(alert[field] ?? ""));
  if (hidden.length) {
    return hidden.flatMap((field) => no(field, HIDDEN));
  }
  const headline = worthOf(alert.headline ?? ""), description = worthOf(alert.description ?? "");
  const asks = asked[alert.category ?? "UNSPECIFIED"];
  const hasHeadline = headline !== Worth.EMPTY && headline !== Worth.LOOKS;
  if (asks === "nothing" || description === Worth.TELLS) {
    return [];
  }
  if (description === Worth.LOOKS && (asks === "description" || !hasHeadline)) {
    return no("description", LOOKS);
  }
  if (asks === "description") {
    return no("description", EMPTY);
  }
  return hasHeadline ? [] : no("headline", headline === Worth.LOOKS ? LOOKS : EMPTY);
}

/** What is missing, too long, or an agency's. */
function checkForm(alert: Draft<Alert>, now: number): Refusal[] {
  const long = (field: "headline" | "description" | "instruction", most: number) =>
    [new TextEncoder().encode(alert[field] ?? "").length > most, BAD_PAYLOAD, field, `at most ${most} bytes`] as const;
  const { effective = 0, expires = 0, place } = alert;
  const rules: (readonly [broken: boolean, code: number, field: string, rule: string])[] = [
    long("headline", 360),
    [!alert.category || alert.category === "UNSPECIFIED", BAD_PAYLOAD, "category", "required"],
    [!alert.headline, BAD_PAYLOAD, "headline", "required"],
    [!place || !(place.point || place.circle || place.polygons), BAD_PAYLOAD, "place", "required"],
    [effective > 0 && expires > 0 && expires <= effective, BAD_PAYLOAD, "expires", "after effective"],
    long("description", 4096),
    long("instruction", 4096),
    [!!alert.web && !/^https?:\/\/./i.test(alert.web), BAD_PAYLOAD, "web", "an http or https address"],
    [expires > now + LONGEST_DAYS * DAY_MS, BAD_PAYLOAD, "expires", "at most 30 days ahead"],
    [!!place?.polygons, NOT_ALLOWED, "polygons", "a resident gives a point or a circle"],
    [(place?.circle?.radiusM ?? 0) > WIDEST_M, NOT_ALLOWED, "circle.radius_m", "at most 8000 for a resident"],
    [!!alert.caseNumber, NOT_ALLOWED, "case_number", "cases and rewards are an agency's"],
    [!!alert.rewardOffer, NOT_ALLOWED, "reward_offer", "cases and rewards are an agency's"],
    [expires > 0 && expires <= now, BAD_PAYLOAD, "expires", "must lie in the future"],
  ];
  return rules.filter(([broken]) => broken).map(([, code, field, rule]) => new Refusal(code, field, rule));
}

/**
 * Why the broker would refuse this alert of a resident: none, it would be taken as far as can be told here. For one in Spanish the
 * rules on words are in Spanish. A CANCEL has no words to check.
 */
export function checkAlert(alert: Draft<Alert>, now: number = Date.now()): Refusal[] {
  if (alert.msgType === "CANCEL") {
    return [];
  }
  const form = checkForm(alert, now), said = new Set(form.map(({ field }) => field));
  return [...form, ...checkWords(alert).filter(({ field }) => !said.has(field))];
}
