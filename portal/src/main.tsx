import { render } from "preact";
import { App } from "./app";
import { theme, wear } from "./common/theme_choice";

wear(theme());
const root = document.getElementById("app");
if (root) {
  render(<App />, root);
}
