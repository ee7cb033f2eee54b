/* A window over the page: the browser's own <dialog>, which keeps the focus inside, closes by Escape, and gives the focus back. */
import { type ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../words";

export interface DialogProps {
  title: string;
  /** It was closed, by whatever way. */
  onClose(): void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => { // at once: a key that is pressed now is meant for what is in it
    const before = document.activeElement;
    element.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby={id} onClose={onClose}
      onClick={(event) => event.target === element.current && element.current?.close()}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={words.close} onClick={() => element.current?.close()}>×</button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
