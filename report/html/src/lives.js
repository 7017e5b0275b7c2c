// lives.js - the processes' RSS over time as bands to stack: a row says from when on a process had
// that much, 0 when it was gone. The largest get a band each, all others one together.
import { processes } from "./data.js";

const MAX_BANDS = 10;
const MAX_POINTS = 1600;

function collectLives(samples) {
  const lives = new Map();
  for (let i = 0; i < samples.us.length; i++) {
    const key = `${samples.pid[i]}/${samples.start[i]}`;
    if (!lives.has(key)) lives.set(key, { pid: samples.pid[i], us: [], rss: [], max: 0, maxAt: 0 });
    const life = lives.get(key);
    const rss = Math.max(0, samples.rss_kib[i]) * 1024;
    life.us.push(samples.us[i]);
    life.rss.push(rss);
    if (rss > life.max) [life.max, life.maxAt] = [rss, samples.us[i]];
  }
  return [...lives.values()].sort((a, b) => b.max - a.max);
}

// The program that the process was when it was largest; an exec chain has several.
function nameOf(life, runIndex) {
  const images = processes.filter((row) => row.pid === life.pid && row.run === runIndex);
  const then = images.filter((row) => row.start_us <= life.maxAt).at(-1) ?? images[0];
  return `${then ? then.name : "?"} (${life.pid})`;
}

function timesOf(run) {
  const all = run.tree.us.length ? run.tree.us : [...new Set(run.by_process.us)];
  if (all.length <= MAX_POINTS) return all;
  const step = all.length / MAX_POINTS;
  return Array.from({ length: MAX_POINTS }, (_, i) => all[Math.floor(i * step)]);
}

// Between two times of the page the highest value counts, so that no peak gets lost.
function addTo(band, life, times) {
  let row = 0, value = 0;
  for (let i = 0; i < times.length; i++) {
    let highest = value;
    while (row < life.us.length && life.us[row] <= times[i]) {
      value = life.rss[row++];
      highest = Math.max(highest, value);
    }
    band[i] += i === 0 || times.length < MAX_POINTS ? value : highest;
  }
}

/** { times in us, bands: [{ name, values }] }, largest first, "others" last. */
export function bandsOf(run, runIndex) {
  const lives = collectLives(run.by_process);
  const times = timesOf(run);
  const nOwn = lives.length <= MAX_BANDS + 1 ? lives.length : MAX_BANDS;
  const bands = lives.slice(0, nOwn).map((life) => {
    const values = new Array(times.length).fill(0);
    addTo(values, life, times);
    return { name: nameOf(life, runIndex), values };
  });
  if (lives.length > nOwn) {
    const values = new Array(times.length).fill(0);
    for (const life of lives.slice(nOwn)) addTo(values, life, times);
    bands.push({ name: `${lives.length - nOwn} others`, values });
  }
  return { times, bands };
}
