// format.js - numbers as the text report has them, and small DOM helpers. Text goes into the page
// as text nodes only: names come from the profiled programs.

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

export function size(bytes) {
  const sign = bytes < 0 ? "\u2212" : "";
  let value = Math.abs(bytes);
  if (value < 1024) return `${sign}${value} B`;
  let unit = 0;
  for (value /= 1024; value >= 1023.95 && unit + 1 < UNITS.length; value /= 1024) unit++;
  return `${sign}${value.toFixed(1)} ${UNITS[unit]}`;
}

export const sizeOrDash = (bytes) => (bytes < 0 ? "\u2013" : size(bytes));

export function duration(seconds) {
  if (!(seconds >= 0)) return "?";
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 600) return `${seconds.toFixed(1)} s`;
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

export const count = (number) => number.toLocaleString("en-US").replaceAll(",", "\u202f");

export const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "\u2013");

export const plural = (number, what) =>
  `${count(number)} ${number === 1 ? what : what.endsWith("ss") ? what + "es" : what + "s"}`;

export const byId = (id) => document.getElementById(id);

/** element("td", { class: "number" }, "12", child) */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A group of radio buttons: calls back with the value that was chosen. */
export function onChoice(fieldset, callback) {
  fieldset.addEventListener("change", (event) => callback(event.target.value));
}
