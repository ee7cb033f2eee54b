/* The same words in further languages. */
import type { AlertText } from "@neighbors/client";
import { TextField } from "../form";
import { change, draft, lacks, LIMITS } from "./draft";

const NONE: AlertText = { language: "es-US", headline: "", description: "", instruction: "", web: "", event: "" };

function Language({ text, i }: { text: AlertText; i: number }) {
  const put = (part: Partial<AlertText>) => change({ texts: draft.value.texts.with(i, { ...text, ...part }) });
  const name = text.language || "further language";
  return (
    <fieldset class="form-part">
      <legend>In {name}</legend>
      <TextField label={`Language code (${i + 1})`} hint="As in BCP 47: es-US, vi, zh-Hans" value={text.language} onValue={(language) => put({ language })} />
      <TextField label={`Headline (${name})`} value={text.headline} most={LIMITS.headline} onValue={(headline) => put({ headline })} />
      <TextField label={`What happened (${name})`} rows={2} value={text.description} most={LIMITS.description} onValue={(description) => put({ description })} />
      <TextField label={`What to do (${name})`} rows={2} value={text.instruction} most={LIMITS.instruction} onValue={(instruction) => put({ instruction })} />
      <button type="button" class="button" onClick={() => change({ texts: draft.value.texts.toSpliced(i, 1) })}>Remove {name}</button>
    </fieldset>
  );
}

export function Languages() {
  return (
    <>
      {draft.value.texts.map((text, i) => <Language key={i} text={text} i={i} />)}
      {lacks.value["texts"] && <p class="wrong">{lacks.value["texts"]}</p>}
      <button type="button" class="button" onClick={() => change({ texts: [...draft.value.texts, NONE] })}>Add a language</button>
    </>
  );
}
