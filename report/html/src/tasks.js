// tasks.js - the tasks, where there are some: regions marked in code or by shell scripts, functions,
// programs.
import { nUnbalanced, tasks } from "./data.js";
import { byId, count, duration, element, plural, sizeOrDash } from "./format.js";

const KINDS = { region: "region", mark: "mark of a shell script", function: "function", process: "program" };
const HEADS = ["Peak", "Mean peak", "At peak", "Count", "Started", "Elapsed", "Longest"];

const bytes = (key, value) => element("td", { class: "number", "data-key": key, "data-bytes": value }, sizeOrDash(value));
const time = (us) => element("td", { class: "number" }, us < 0 ? "\u2013" : duration(us / 1e6));

function taskRow(task) {
  const times = task.count < 0 ? "\u2013" : count(task.count) + (task.n_unfinished ? "*" : "");
  return element("tr", {}, bytes("peak", task.peak), bytes("mean", task.mean_peak), bytes("atPeak", task.at_peak),
    element("td", { class: "number" }, times), time(task.start_us), time(task.elapsed_us), time(task.longest_us),
    element("td", { class: "name" }, task.name, " ", element("small", {}, KINDS[task.kind] ?? task.kind)));
}

export function startTasks() {
  if (tasks.length === 0) return;
  byId("tasks").hidden = byId("tasks-link").hidden = false;
  byId("tasks-note").textContent = "Peak: the highest live heap while the task ran, of one process, or of the tree for marks " +
    "of a shell script (as sampled); its mean over the instances. At peak: the task's own bytes at the tree's heap peak. " +
    "Elapsed: all instances together." + (tasks.some((task) => task.n_unfinished) ? " * some did not end." : "") +
    (nUnbalanced ? ` ${plural(nUnbalanced, "end")} of tasks that were not open.` : "");
  byId("task-table").replaceChildren(
    element("thead", {}, element("tr", {}, ...HEADS.map((name) =>
      element("th", { scope: "col", class: "number" }, element("span", {}, name))),
      element("th", { scope: "col" }, element("span", {}, "Task")))),
    element("tbody", {}, ...tasks.map(taskRow)));
}
