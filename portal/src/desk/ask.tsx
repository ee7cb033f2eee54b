/* Asks before something is done that cannot be taken back, does it, and says what went wrong. */
import { type ComponentChildren } from "preact";
import { useMounted } from "../common/mounted";
import { Trouble } from "../common/trouble";
import { useTask } from "../common/task";
import { Dialog } from "./form";

interface AskProps {
  title: string;
  /** What the button says. */
  does: string;
  danger?: boolean;
  ready?: boolean;
  children: ComponentChildren;
  work(): Promise<unknown>;
  onClose(): void;
}

export function Ask({ title, does, danger, ready = true, children, work, onClose }: AskProps) {
  const task = useTask<unknown>();
  const mounted = useMounted();
  const run = () => task.run(async () => {
    await work();
    if (mounted.current) { // else it was closed, and another may be open
      onClose();
    }
  });
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <Trouble error={task.error} />
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>Back</button>
        <button type="button" class={`button main ${danger ? "extreme" : ""}`} disabled={!ready || task.busy} onClick={() => void run()}>
          {task.busy ? "Sending…" : does}
        </button>
      </div>
    </Dialog>
  );
}
