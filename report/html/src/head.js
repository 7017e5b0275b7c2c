// head.js - what ran, its peaks, and at the end of the page what is not in the numbers.
import { blindSpots, lines, nHidden, processes, runs, version } from "./data.js";
import { byId, count, duration, element, percent, plural, size } from "./format.js";

function facts(run) {
  const sampling = !run.has_stacks ? "stacks off" :
    run.sample_bytes ? `sampled every ${size(run.sample_bytes)}: lines are estimates` : "every allocation recorded";
  return [run.end, run.seconds >= 0 ? `ran ${duration(run.seconds)}` : "", run.host && `on ${run.host}`,
    run.start && `started ${run.start.replace(/(\.\d{3})\d*Z?$/, "$1Z").replace("T", " ")}`,
    sampling].filter(Boolean).join(" \u00b7 ");
}

function figure(name, value, bytes, isMain) {
  return element("div", { class: isMain && "main" },
    element("dt", {}, name), element("dd", { "data-bytes": bytes }, value));
}

const at = (us) => (us < 0 ? "at the end" : `at ${duration(us / 1e6)}`);

function figures() {
  const one = runs.length === 1 ? runs[0] : null;
  const heap = runs.reduce((sum, run) => sum + run.heap_peak_bytes, 0);
  const rss = Math.max(...runs.map((run) => run.rss_peak_bytes));
  const { unattributed, total } = lines[0];
  const nPids = processes.filter((row) => row.replaced < 0).length;
  const notFollowed = processes.filter((row) => !row.is_followed).length;
  byId("figures").append(
    figure(`heap peak of the tree${one && heap ? `, ${at(one.heap_peak_us)}` : ""}`, size(heap), heap, true),
    figure(`RSS peak of the tree${one && rss ? `, ${at(one.rss_peak_us)}` : ""}`, rss ? size(rss) : "not sampled", rss),
    figure(`${nPids === 1 ? "process" : "processes"}, ${plural(processes.length, "program")}` +
      `${notFollowed ? `, ${notFollowed} not followed` : ", all followed"}`, count(nPids)),
    figure("of the peak unattributed", percent(unattributed.atPeak, total.atPeak), unattributed.atPeak));
  byId("figures").firstChild.id = "tree-peak";
}

export function drawHead() {
  const [first] = runs;
  document.title = `${first.command} \u2013 memwatch-preload`;
  byId("command").textContent = first.command;
  byId("command").title = first.command;
  byId("facts").textContent = facts(first);
  if (runs.length > 1) {
    byId("merged").hidden = false;
    byId("merged").textContent = `${runs.length} runs merged; the first is named above. ` +
      "Heap peaks are those of each run at its own time, added up.";
  }
  figures();
  byId("made-by").textContent = `memwatch-preload ${version}` +
    (nHidden ? ` \u00b7 ${plural(nHidden, "program")} filtered out by --include or --exclude` : "");
}

export function drawBlindSpots() {
  for (const item of blindSpots) {
    const colon = item.search(/: |:$/);
    const [name, words] = colon > 0 && colon < 60 ? [item.slice(0, colon), item.slice(colon + 1)] : ["", item];
    byId("blind-list").append(element("dt", {}, name || "also"), element("dd", {}, words.trim()));
  }
}
