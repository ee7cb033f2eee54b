/* The areas that the desk's forms draw: each form keeps its own while another page is open. */
import { personal } from "../../session/personal";
import type { Shape } from "../shape";

export const alertShape = personal<Shape | undefined>(() => undefined);
export const requestShape = personal<Shape | undefined>(() => undefined);
