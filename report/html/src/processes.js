// processes.js - the process tree: parents before children, a bar for the time each was there.
import { processes, runs } from "./data.js";
import { byId, duration, element, plural, sizeOrDash } from "./format.js";
import { showProcess } from "./flame.js";

const HEADS = [["PID", true], ["Peak heap", true], ["Peak RSS", true], ["At peak", true], ["Life", false],
  ["End", false], ["Command", false]];

// An exec chain is one level.
function depthOf(row) {
  let depth = 0;
  for (let at = row; ;) {
    while (at.replaced >= 0) at = processes[at.replaced];
    if (at.parent < 0) return depth;
    at = processes[at.parent];
    depth++;
  }
}

function lifeCell(row) {
  const run = runs[row.run];
  const whole = Math.max(run.seconds * 1e6, ...processes.filter((other) => other.run === row.run && runs.length > 1).map(({ end_us: end }) => end), 1);
  const start = Math.max(0, row.start_us), end = row.end_us < 0 ? whole : row.end_us;
  const bar = element("b");
  bar.style.left = `${Math.min(99, (100 * start) / whole)}%`;
  bar.style.width = `${Math.max(0, Math.min(100, (100 * (end - start)) / whole))}%`;
  const words = `from ${duration(start / 1e6)}, for ${duration(Math.max(0, end - start) / 1e6)}`;
  return element("td", { class: "life", title: words }, element("i", { "aria-hidden": "true" }, bar),
    element("span", { class: "visually-hidden" }, words));
}

function commandCell(row) {
  const depth = Math.min(depthOf(row), 16);
  const indent = element("span", { class: "depth" }, "  ".repeat(depth) + (row.replaced >= 0 ? "\u203a " : ""));
  const cell = element("div", {}, indent);
  if (row.image >= 0) {
    const show = element("button", { type: "button", title: "Flame graph of this process" }, row.name);
    show.addEventListener("click", () => {
      if (showProcess(row.image)) byId("flame").scrollIntoView();
    });
    cell.append(show);
  } else {
    cell.append(element("b", {}, row.name), element("span", {}, row.is_followed ? "(no allocations)" : "(not followed)"));
  }
  const blank = row.command.indexOf(" ");
  cell.append(element("span", { class: "words", title: row.command }, blank < 0 ? "" : row.command.slice(blank + 1)));
  return element("td", { class: "command" }, cell);
}

const number = (key, bytes, more = "") =>
  element("td", { class: "number", "data-key": key, "data-bytes": bytes }, sizeOrDash(bytes) + more);

function processRow(row) {
  return element("tr", { "data-pid": row.pid, "data-end": row.end, class: row.heap <= 0 && "quiet" },
    element("td", { class: "number" }, String(row.pid)), number("heap", row.heap),
    number("rss", row.rss, row.rss >= 0 && !row.is_rss_exact ? " ~" : ""), number("atPeak", row.at_peak), lifeCell(row),
    element("td", { class: "end" }, row.end), commandCell(row));
}

export function searchProcesses(words) {
  let n = 0;
  processes.forEach((row, i) => {
    const isFound = words === "" || row.command.toLowerCase().includes(words) || String(row.pid) === words;
    byId("process-table").tBodies[0].rows[i].classList.toggle("miss", !isFound);
    n += isFound;
  });
  return n;
}

export function startProcesses() {
  byId("processes-note").textContent = `${plural(processes.length, "program")}, parents above children; \u203a replaced ` +
    "the program above by exec. Heap and RSS: each at its own peak (~ sampled; RSS includes our own memory). " +
    "At peak: own heap when the tree's was highest. A name shows the flame graph of that process alone.";
  byId("process-table").replaceChildren(
    element("thead", {}, element("tr", {}, ...HEADS.map(([name, isNumber]) =>
      element("th", { scope: "col", class: isNumber && "number" }, element("span", {}, name))))),
    element("tbody", {}, ...processes.map(processRow)));
}
