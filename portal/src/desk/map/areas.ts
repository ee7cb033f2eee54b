/* The areas that the desk's forms draw: each form keeps its own while another page is open. */
import { signal } from "@preact/signals";
import type { Shape } from "../shape";

export const alertShape = signal<Shape | undefined>(undefined);
export const requestShape = signal<Shape | undefined>(undefined);
