// main.js - starts the parts of the page; the one search that all of them follow; keys.
import { drawBlindSpots, drawHead } from "./head.js";
import { searchFlame, startFlame, zoomOut } from "./flame.js";
import { byId, plural } from "./format.js";
import { searchLines, startLines } from "./lines.js";
import { searchProcesses, startProcesses } from "./processes.js";
import { startTasks } from "./tasks.js";
import { startTheme } from "./theme.js";
import { startTimeline } from "./timeline.js";

const search = byId("search");
const WAIT_MS = 120; // after the last key

function find() {
  const words = search.value.trim().toLowerCase();
  const { n, share } = searchFlame(words);
  const nLines = searchLines(words), nProcesses = searchProcesses(words);
  byId("found").textContent = words === "" ? "" :
    `${plural(n, "frame")} (${share} of what is shown), ${plural(nLines, "line")}, ${plural(nProcesses, "process")} found`;
}

function searchFor(words) {
  search.value = words;
  find();
}

const isTyping = (target) => target.matches("input[type=search], select, textarea");

function onKey(event) {
  if (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && !(event.target.id !== "search" && zoomOut()) && search.value) {
    event.preventDefault();
    searchFor("");
  }
}

let timer = 0;
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, WAIT_MS);
});
document.addEventListener("keydown", onKey);

startTheme();
drawHead();
startTimeline();
startFlame();
startLines(searchFor);
startTasks();
startProcesses();
drawBlindSpots();
document.documentElement.dataset.ready = "yes";
