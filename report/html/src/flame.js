// flame.js - the flame graph: a frame is a button, callers above callees, as wide as it weighs.
// One of them is in the tab order; arrows move between them, Enter zooms, Escape zooms out.
import { FRAME_SMALLER, flame, lines } from "./data.js";
import { byId, count, element, onChoice, percent, size } from "./format.js";
import { childrenOf, choices, frameOf, weigh } from "./stacks.js";

const ROW = 19;           // pixels, as in style.css
const NARROWEST = 0.0022; // of the width: some three pixels
const NAMES = { "at-peak": "At peak", leaked: "Leaked", total: "Total", count: "Count" };

let value = 0, images = null, zoomed = 0, pattern = "";
let weights, children, drawn = new Map();

const words = (weight) => (flame.values[value].unit === "count" ? `${count(weight)} allocations` : size(weight));

function detail(node) {
  const frame = frameOf(node);
  const holder = byId("frame-detail");
  const whole = weights.total[0];
  const inside = zoomed ? `, ${percent(weights.total[node], weights.total[zoomed])} of the zoomed frame` : "";
  holder.replaceChildren(element("b", {}, frame.name),
    ` ${words(weights.total[node])}, ${percent(weights.total[node], whole)}${inside}` +
    (weights.own[node] && weights.own[node] !== weights.total[node] ? `; itself ${words(weights.own[node])}` : ""),
    element("span", {}, [frame.isLibrary && "library", frame.file || (node && !frame.isSpecial && "no source"), frame.module].filter(Boolean).join(" \u00b7 ")));
}

const matches = (frame) => pattern !== "" &&
  [frame.name, frame.file, frame.module].some((part) => part.toLowerCase().includes(pattern));

function frameButton(node, left, width, depth, isAbove) {
  const frame = frameOf(node);
  const kind = node === 0 || frame.isLibrary ? "library" : frame.isSpecial ? "hatched" : frame.file ? "" : "sourceless";
  const button = element("button", { type: "button", tabindex: -1, "data-node": node,
    "data-weight": weights.total[node], class: `frame ${kind} ${isAbove ? "above" : ""} ${matches(frame) ? "match" : ""}`,
    "aria-label": `${frame.name}, ${words(weights.total[node])}, ${percent(weights.total[node], weights.total[0])}` },
    width > 0.02 ? frame.name : "");
  button.style.left = `${100 * left}%`;
  button.style.width = `${100 * width}%`;
  button.style.top = `${depth * ROW}px`;
  return button;
}

// Those above the zoomed frame take the whole width; below it each as much as it weighs.
function layOut() {
  const list = [], above = [];
  for (let node = zoomed; node !== 0; node = flame.parent[node]) above.unshift(flame.parent[node]);
  above.forEach((node, depth) => list.push([node, 0, 1, depth, true]));
  const whole = weights.total[zoomed];
  const stack = [[zoomed, 0, above.length]];
  while (stack.length) {
    const [node, left, depth] = stack.pop();
    list.push([node, left, weights.total[node] / whole, depth, false]);
    let at = left;
    for (const child of children[node]) {
      const width = weights.total[child] / whole;
      if (width >= NARROWEST) stack.push([child, at, depth + 1]);
      at += width;
    }
  }
  return list;
}

function draw(focused = null) {
  const holder = byId("frames");
  holder.replaceChildren();
  drawn = new Map();
  byId("zoom-out").disabled = zoomed === 0;
  holder.classList.toggle("searching", pattern !== "");
  holder.dataset.total = weights.total[0];
  if (weights.total[0] <= 0) {
    holder.style.height = "auto";
    holder.append(element("p", { class: "note" }, "No stacks with this value."));
    return;
  }
  let deepest = 0;
  for (const [node, left, width, depth, isAbove] of layOut()) {
    drawn.set(node, frameButton(node, left, width, depth, isAbove));
    deepest = Math.max(deepest, depth);
  }
  holder.append(...drawn.values());
  holder.style.height = `${(deepest + 1) * ROW + 2}px`;
  const current = drawn.get(focused) ?? drawn.get(zoomed);
  current.tabIndex = 0;
  if (focused !== null) current.focus();
  detail(zoomed);
}

function zoom(node, isFocused) {
  if (frameOf(node) === undefined) return;
  zoomed = node;
  draw(isFocused ? node : null);
}

export function zoomOut() {
  if (zoomed === 0) return false;
  zoom(0, byId("frames").contains(document.activeElement));
  return true;
}

function reweigh() {
  weights = weigh(images, value);
  children = childrenOf(weights.total);
  while (zoomed !== 0 && weights.total[zoomed] <= 0) zoomed = flame.parent[zoomed];
  draw();
  note();
}

function note() {
  const unstacked = lines[0].unstacked;
  const missing = [unstacked.atPeak, unstacked.leaked, unstacked.total, unstacked.count][value];
  const parts = [`Heap ${flame.values[value].unit === "count" ? "" : "bytes "}${flame.values[value].help}; ` +
    "callers above, callees below. Strong: code with source lines; pale: without; grey: the C and C++ libraries."];
  if (flame.n_dropped)
    parts.push(`Below ${+(100 * flame.smallest).toFixed(3)} % of every value, ${count(flame.n_dropped)} frames ` +
      "are put together as [smaller].");
  if (missing) parts.push(`Not in it: ${words(missing)} that have no stack by choice.`);
  byId("flame-note").textContent = parts.join(" ");
}

// The drawn neighbour in a direction; null at the border.
function neighbour(node, key) {
  if (key === "ArrowUp") return node === 0 ? null : flame.parent[node];
  if (key === "ArrowDown") {
    const isAbove = drawn.get(node).classList.contains("above");
    if (isAbove) for (let at = zoomed; at !== 0; at = flame.parent[at]) if (flame.parent[at] === node) return at;
    return children[node].find((child) => drawn.has(child)) ?? null;
  }
  if (node === 0) return null;
  const siblings = children[flame.parent[node]].filter((child) => drawn.has(child));
  return siblings[siblings.indexOf(node) + (key === "ArrowLeft" ? -1 : 1)] ?? null;
}

function onKey(event) {
  const button = event.target.closest(".frame");
  if (!button || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const next = drawn.get(neighbour(Number(button.dataset.node), event.key));
  if (!next) return;
  button.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function fillControls() {
  flame.values.forEach(({ name, help }, i) => {
    const input = element("input", { type: "radio", name: "value", value: i, checked: i === 0 });
    byId("value").append(element("label", { title: help }, input, element("span", {}, NAMES[name] ?? name)));
  });
  const { programs, single } = choices();
  const group = (label, list) => element("optgroup", { label },
    ...list.map(({ key, name }) => element("option", { value: key }, name)));
  byId("process").append(element("option", { value: "" }, "all processes"));
  if (programs.length) byId("process").append(group("Programs", programs));
  byId("process").append(group("Processes", single));
  return new Map([...programs, ...single].map((choice) => [choice.key, choice.images]));
}

/** Frames that match the search, and the share of the whole under the outermost of them. */
export function searchFlame(words) {
  pattern = words;
  draw();
  let n = 0, weight = 0;
  const isInside = new Uint8Array(flame.parent.length);
  for (let node = 1; pattern && node < flame.parent.length; node++) {
    const isMatch = weights.total[node] > 0 && flame.frame[node] !== FRAME_SMALLER && matches(frameOf(node));
    n += isMatch;
    if (isMatch && !isInside[flame.parent[node]]) weight += weights.total[node];
    isInside[node] = isMatch || isInside[flame.parent[node]];
  }
  return { n, share: percent(weight, weights.total[0]) };
}

/** Show one process only; false if it has no stacks. */
export function showProcess(image) {
  const choice = byId("process");
  choice.value = `image:${image}`;
  if (!choice.value) { choice.value = ""; return false; }
  choice.dispatchEvent(new Event("change"));
  return true;
}

export function startFlame() {
  const imagesOf = fillControls();
  const holder = byId("frames");
  holder.addEventListener("click", (event) => {
    const button = event.target.closest(".frame");
    if (button) zoom(Number(button.dataset.node), true);
  });
  holder.addEventListener("keydown", onKey);
  for (const kind of ["mouseover", "focusin"])
    holder.addEventListener(kind, (event) => {
      const button = event.target.closest(".frame");
      if (button) detail(Number(button.dataset.node));
    });
  byId("zoom-out").addEventListener("click", () => zoom(0, false));
  onChoice(byId("value"), (chosen) => { value = Number(chosen); reweigh(); });
  byId("process").addEventListener("change", (event) => {
    images = imagesOf.get(event.target.value) ?? null;
    zoomed = 0;
    reweigh();
  });
  reweigh();
}
