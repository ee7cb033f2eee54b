/* The controls of the desk's forms: large, labelled, and with what is wrong said beside them. */
import { type ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { bytesOf } from "../common/text";
import { type Choice } from "./words";

interface FieldProps {
  label: string;
  hint?: string;
  wrong?: string;
}

interface TextFieldProps extends FieldProps {
  value: string;
  /** Bytes. */
  most?: number;
  rows?: number;
  type?: "text" | "number" | "datetime-local" | "email" | "url";
  placeholder?: string;
  onValue(value: string): void;
}

export function TextField({ label, hint, wrong, value, most, rows, type = "text", placeholder, onValue }: TextFieldProps) {
  const id = useId();
  const left = most === undefined ? undefined : most - bytesOf(value);
  const shared = {
    id, value, placeholder, "aria-describedby": `${id}-hint`, "aria-invalid": wrong ? true : undefined,
    onInput: (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows ? <textarea {...shared} rows={rows} /> : <input {...shared} type={type} />}
      <span id={`${id}-hint`} class="field-foot">
        {wrong ? <span class="wrong">{wrong}</span> : <span class="hint">{hint}</span>}
        {left !== undefined && most !== undefined && left < most / 4 && <span class={left < 0 ? "wrong" : "hint"}>{left} left</span>}
      </span>
    </div>
  );
}

interface ChoicesProps<Value extends string> extends FieldProps {
  choices: readonly Choice<Value>[];
  value: Value | "";
  onValue(value: Value): void;
}

/** One of few, all of them seen; the sentence of the chosen one stands below. */
export function Choices<Value extends string>({ label, hint, wrong, choices, value, onValue }: ChoicesProps<Value>) {
  const id = useId();
  const chosen = choices.find((choice) => choice.value === value);
  return (
    <fieldset class="choices" aria-describedby={`${id}-means`}>
      <legend>{label}</legend>
      <div class="choice-row">
        {choices.map((choice) => (
          <label key={choice.value} class={`choice ${choice.value.toLowerCase()}`}>
            <input type="radio" name={id} value={choice.value} checked={choice.value === value} onChange={() => onValue(choice.value)} />
            <span>{choice.name}</span>
            {choice.means && <span class="sr-only">: {choice.means}</span>}
          </label>
        ))}
      </div>
      <p id={`${id}-means`} class={wrong && !chosen ? "wrong" : "hint"}>{chosen ? chosen.means : wrong ?? hint}</p>
    </fieldset>
  );
}

interface SelectProps extends FieldProps {
  value: string;
  options: readonly (readonly [value: string, name: string])[];
  onValue(value: string): void;
}

export function Select({ label, hint, wrong, value, options, onValue }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} aria-describedby={`${id}-hint`} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([option, name]) => <option key={option} value={option}>{name}</option>)}
      </select>
      <span id={`${id}-hint`}>{wrong ? <span class="wrong">{wrong}</span> : hint && <span class="hint">{hint}</span>}</span>
    </div>
  );
}

interface DialogProps {
  title: string;
  kind?: string;
  children: ComponentChildren;
  onClose(): void;
}

/** What must be answered before anything else; Escape closes it. */
export function Dialog({ title, kind = "", children, onClose }: DialogProps) {
  const id = useId(), element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
    return () => element.current?.close();
  }, []);
  return (
    <dialog ref={element} class={`ask-window ${kind}`} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** What became of something, or is going on; read out as it comes. */
export function Told({ good, bad }: { good?: string; bad?: string }) {
  return (
    <p role="status" class={bad ? "told wrong" : "told"}>{bad || good}</p>
  );
}
