// theme.js - light or dark: what the system prefers, until a choice is made; that is kept.
import { byId, onChoice } from "./format.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];

// A page from a file may have no storage.
function remembered() {
  try { return localStorage.getItem("memwatch-theme"); } catch { return null; }
}
function remember(choice) {
  try { localStorage.setItem("memwatch-theme", choice); } catch { /* for this time, then */ }
}

let choice = ["light", "dark"].includes(remembered()) ? remembered() : "auto";

function apply() {
  const isDark = choice === "dark" || (choice === "auto" && system.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  for (const listener of listeners) listener();
}

/** What draws with colours of its own draws again. */
export const onTheme = (listener) => listeners.push(listener);

export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function startTheme() {
  byId("theme").querySelector(`[value=${choice}]`).checked = true;
  onChoice(byId("theme"), (value) => { choice = value; remember(value); apply(); });
  system.addEventListener("change", apply);
  apply();
}
