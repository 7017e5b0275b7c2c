// timeline.js - memory over time, drawn by uPlot: the tree's RSS, PSS and heap as lines, or the
// processes' RSS stacked. Lines differ in their strokes, bands are named where they are widest.
import uPlot from "uplot";
import { marks, runs } from "./data.js";
import { byId, duration, element, onChoice, size } from "./format.js";
import { bandsOf } from "./lives.js";
import { color, onTheme } from "./theme.js";

const HEIGHT = 270;
let chart = null, runIndex = 0, kind = "tree";

const seconds = (us) => us.map((at) => at / 1e6);
const known = (values) => values.map((value) => (value < 0 ? null : value));
const shown = (_, value) => (value == null ? "\u2013" : size(value));

function treeSeries(run) {
  const lines = [
    { key: "rss", label: "RSS", stroke: () => color("ink"), width: 1.5 },
    // Read now and then only, so points: a line between them would be above the RSS in places.
    { key: "pss", label: "PSS", stroke: () => color("quiet"), width: 1.5, paths: () => null, points: { show: true, size: 6 } },
    { key: "heap", label: "Live heap", stroke: () => color("accent"), width: 2.5 },
  ].filter(({ key }) => run.tree[key].some((value) => value >= 0));
  return {
    data: [seconds(run.tree.us), ...lines.map(({ key }) => known(run.tree[key]))],
    series: lines.map(({ key, ...line }) => ({ points: { show: false }, ...line, value: shown })),
  };
}

// Stacked from below, largest at the bottom; uPlot draws the highest sum first and the others over it.
function processSeries(run) {
  const { times, bands } = bandsOf(run, runIndex);
  const below = new Array(times.length).fill(0);
  const stacked = bands.map((band, i) => {
    band.values.forEach((value, at) => { below[at] += value; });
    return { ...band, tops: below.slice(), fill: () => bandFill(i, bands.length) };
  }).reverse();
  return {
    bands: stacked,
    data: [seconds(times), ...stacked.map((band) => band.tops)],
    series: stacked.map((band) => ({
      label: band.name, stroke: () => color("paper"), width: 1, fill: band.fill,
      value: (_, __, ___, at) => (at == null ? "\u2013" : size(band.values[at])), points: { show: false },
    })),
  };
}

// Over the paper, not over the band behind.
function bandFill(i, n) {
  const isDark = document.documentElement.dataset.theme === "dark";
  const strength = 0.9 - (0.72 * i) / Math.max(n - 1, 1);
  const [ink, paper] = [color("band").split(" ").map(Number), isDark ? 20 : 252];
  return `rgb(${ink.map((part) => Math.round(part * strength + paper * (1 - strength))).join(" ")})`;
}

// A vertical line at each peak, with its words beside it; the words over all lines.
function drawPeaks(u, run) {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  const peaks = [
    { us: run.heap_peak_us, words: `heap peak ${size(run.heap_peak_bytes)}`, dash: [], ink: color("accent") },
    { us: run.rss_peak_us, words: `RSS peak ${size(run.rss_peak_bytes)}`, dash: [4, 4], ink: color("ink") },
  ].map((peak) => ({ ...peak, x: Math.round(u.valToPos(peak.us / 1e6, "x", true)) }))
    .filter(({ us, x }) => us >= 0 && x >= bbox.left - 1 && x <= bbox.left + bbox.width + 1);
  ctx.save();
  ctx.font = `${12 * pixel}px ${color("sans")}`;
  for (const { x, dash, ink } of peaks) {
    ctx.strokeStyle = ink;
    ctx.lineWidth = pixel;
    ctx.setLineDash(dash.map((part) => part * pixel));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  peaks.forEach(({ x, words, ink }, i) => {
    const isLeft = x > bbox.left + bbox.width * 0.8;
    const at = [words, x + (isLeft ? -6 : 6) * pixel, bbox.top + (11 + 17 * i) * pixel];
    ctx.textAlign = isLeft ? "right" : "left";
    ctx.lineWidth = 5 * pixel;
    ctx.strokeStyle = color("paper");
    ctx.strokeText(...at);
    ctx.fillStyle = ink;
    ctx.fillText(...at);
  });
  ctx.restore();
}

// Where each band is highest, largest band first; a name without room is left to the legend.
function drawBandNames(u, bands) {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio, taken = [];
  ctx.save();
  ctx.font = `${11 * pixel}px ${color("mono")}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (let i = bands.length - 1; i >= 0; i--) {
    const { name, values, tops } = bands[i];
    const at = values.indexOf(Math.max(...values));
    const top = u.valToPos(tops[at], "y", true), bottom = u.valToPos(tops[at] - values[at], "y", true);
    const half = ctx.measureText(name).width / 2 + 4 * pixel, y = (top + bottom) / 2;
    const x = Math.min(Math.max(u.valToPos(u.data[0][at], "x", true), bbox.left + half), bbox.left + bbox.width - half);
    const isTaken = taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 14 * pixel);
    if (bottom - top < 14 * pixel || isTaken) continue;
    taken.push({ x, y, half });
    ctx.lineWidth = 3 * pixel;
    ctx.strokeStyle = color("paper");
    ctx.strokeText(name, x, y);
    ctx.fillStyle = color("ink");
    ctx.fillText(name, x, y);
  }
  ctx.restore();
}

// What a shell script marked: a bar along the bottom, named where there is room; overlapping ones above.
function drawMarks(u) {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio, ends = [];
  ctx.save();
  ctx.font = `${11 * pixel}px ${color("sans")}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  for (const mark of marks.filter(({ run }) => run === runIndex)) {
    const right = bbox.left + bbox.width;
    const from = Math.max(u.valToPos(mark.start_us / 1e6, "x", true), bbox.left);
    const to = Math.min(u.valToPos((mark.end_us < 0 ? mark.start_us : mark.end_us) / 1e6, "x", true), right);
    if (from > right || to < bbox.left) continue;
    let level = ends.findIndex((end) => end <= from);
    if (level < 0) level = ends.length;
    ends[level] = Math.max(to, from + 3 * pixel);
    const y = bbox.top + bbox.height - (4 + 17 * level) * pixel;
    ctx.fillStyle = color("accent");
    ctx.fillRect(from, y, Math.max(to - from, 3 * pixel), 3 * pixel);
    if (ctx.measureText(mark.name).width > Math.max(to - from, 40 * pixel)) continue;
    ctx.lineWidth = 4 * pixel;
    ctx.strokeStyle = color("paper");
    ctx.strokeText(mark.name, from, y);
    ctx.fillStyle = color("ink");
    ctx.fillText(mark.name, from, y);
  }
  ctx.restore();
}

const axis = (more) => ({
  stroke: () => color("quiet"), font: `12px ${color("sans")}`,
  grid: { stroke: () => color("rule"), width: 1 }, ticks: { stroke: () => color("rule"), width: 1 }, ...more,
});

// Ticks at powers of two times 1, 2 or 5 of the unit look round in MiB.
function byteSplits(_, __, min, max) {
  let step = 1;
  while (max / step > 6) step *= 2;
  const splits = [];
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) splits.push(at);
  return splits;
}

function draw() {
  const run = runs[runIndex];
  const holder = byId("chart");
  chart?.destroy();
  chart = null;
  holder.replaceChildren();
  holder.classList.toggle("by-process", kind === "process");
  const { data, series, bands } = kind === "tree" ? treeSeries(run) : processSeries(run);
  if (data[0].length === 0 || series.length === 0) {
    holder.append(element("p", { class: "note" }, "This run has no samples over time."));
    return;
  }
  chart = new uPlot({
    width: holder.clientWidth, height: HEIGHT, legend: { live: true },
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, (max || 1) * 1.3] } },
    cursor: { points: { show: kind === "tree" }, drag: { x: true, y: false } },
    axes: [axis({ values: (_, ticks) => ticks.map((at) => `${+at.toFixed(3)} s`) }),
      axis({ size: 84, splits: byteSplits, values: (_, ticks) => ticks.map(size) })],
    series: [{ label: "Time", value: (_, at) => (at == null ? "\u2013" : duration(at)) }, ...series],
    hooks: { draw: [(u) => { if (bands) drawBandNames(u, bands); drawMarks(u); drawPeaks(u, run); }] },
  }, data, holder);
  holder.querySelectorAll(".u-series").forEach((row, i) => {
    if (bands && i > 0) row.style.setProperty("--fill", bands[i - 1].fill());
  });
  holder.dataset.points = data[0].length;
  holder.dataset.highest = Math.max(...data.slice(1).flat());
}

function noteOf(run) {
  const interval = run.interval_ms > 0 ? ` every ${Math.round(run.interval_ms)} ms` : "";
  return `Sampled${interval}; the peaks that are marked are the run's own counters. RSS counts shared pages in ` +
    "each process, PSS (points, read less often) divides them. Drag to zoom, double click to see all, click a name to hide it.";
}

function moveCursor(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
  if (!chart || (!step && event.key !== "Home" && event.key !== "End")) return;
  event.preventDefault();
  const last = chart.data[0].length - 1;
  const at = event.key === "Home" ? 0 : event.key === "End" ? last :
    Math.min(Math.max((chart.cursor.idx ?? 0) + step, 0), last);
  chart.setCursor({ left: chart.valToPos(chart.data[0][at], "x"), top: 10 });
  byId("chart-at").textContent = [...byId("chart").querySelectorAll(".u-series")].map((row) => row.textContent).join(", ");
}

export function startTimeline() {
  if (runs.length > 1) {
    byId("run-choice").hidden = false;
    byId("run").append(...runs.map((run, i) => element("option", { value: i }, `${i + 1}: ${run.command.slice(0, 60)}`)));
  }
  const update = () => { byId("timeline-note").textContent = noteOf(runs[runIndex]); draw(); };
  byId("run").addEventListener("change", (event) => { runIndex = Number(event.target.value); update(); });
  onChoice(byId("timeline-kind"), (value) => { kind = value; draw(); });
  byId("chart").addEventListener("keydown", moveCursor);
  new ResizeObserver(() => chart?.setSize({ width: byId("chart").clientWidth, height: HEIGHT })).observe(byId("chart"));
  onTheme(draw);
  update();
}
