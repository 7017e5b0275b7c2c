// lines.js - the table of lines: each byte at one line; rows and the rest add up to the total.
import { difference, isSampled, lines } from "./data.js";
import { byId, count, element, percent, plural, size } from "./format.js";

const FIRST_ROWS = 100;
const CLASSES = { heap: "heap", anon: "anonymous mappings", file: "file mappings" };

const COLUMNS = [
  { key: "atPeak", title: "At peak", isNumber: true, get: (row) => row.sums.atPeak },
  { key: "share", title: "Share", isNumber: true, get: (row) => row.sums.atPeak },
  { key: "blocks", title: "Blocks", isNumber: true, get: (row) => row.sums.blocks },
  { key: "leaked", title: "Leaked", isNumber: true, get: (row) => row.sums.leaked },
  { key: "total", title: "Allocated", isNumber: true, get: (row) => row.sums.total },
  { key: "count", title: "Count", isNumber: true, get: (row) => row.sums.count },
  { key: "name", title: "Function, source", get: (row) => row.frame.name },
  { key: "place", title: "File, module", get: (row) => `${row.frame.file}:${String(row.line).padStart(8, "0")}` },
  { key: "programs", title: "Programs", get: (row) => row.programs.map(({ name }) => name).join() },
];

let table = lines[0], sortedBy = COLUMNS[0], isDescending = true, pattern = "", limit = FIRST_ROWS;
let onFunction = () => {};

const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

function numbers(sums, total) {
  const cell = (key, words) => element("td", { class: "number", "data-key": key, "data-bytes": sums[key] }, words);
  const share = element("td", { class: "number share", "data-key": "share" }, percent(sums.atPeak, total.atPeak));
  share.style.setProperty("--part", `${total.atPeak > 0 ? (100 * Math.max(0, sums.atPeak)) / total.atPeak : 0}%`);
  const atPeak = cell("atPeak", size(sums.atPeak));
  if (isSampled && sums.margin > 0) atPeak.append(element("span", { class: "of" }, ` \u00b1 ${size(sums.margin)}`));
  return [atPeak, share, cell("blocks", count(sums.blocks)), cell("leaked", size(sums.leaked)),
    cell("total", size(sums.total)), cell("count", count(sums.count))];
}

function programWords(list) {
  const some = list.slice(0, 3).map(({ name, nImages }) => (nImages > 1 ? `${name} (${nImages})` : name));
  return some.join(", ") + (list.length > 3 ? `, and ${list.length - 3} more` : "");
}

function lineRow(row) {
  const { frame } = row;
  const find = element("button", { type: "button", title: "Search for this function" }, frame.name);
  find.addEventListener("click", () => onFunction(frame.name));
  const name = element("td", { class: "name" }, find);
  if (row.source) name.append(element("span", { class: "source", title: row.source }, row.source));
  const place = element("td", { class: "place", title: frame.file || frame.module },
    frame.file ? `${baseName(frame.file)}${row.line ? `:${row.line}` : ""} ` : "",
    element("small", {}, baseName(frame.module)));
  return element("tr", {}, ...numbers(row.sums, table.total), name, place,
    element("td", { class: "programs" }, programWords(row.programs)));
}

function sumRow(sums, words, attributes = {}) {
  return element("tr", attributes, ...numbers(sums, table.total), element("td", { colspan: 3 }, words));
}

const isMatch = (row) => pattern === "" || [row.frame.name, row.frame.file, row.frame.module, row.source,
  ...row.programs.map(({ name }) => name)].some((part) => part.toLowerCase().includes(pattern));

function compare(a, b) {
  const [x, y] = [sortedBy.get(a), sortedBy.get(b)];
  const order = sortedBy.isNumber ? x - y : x < y ? -1 : Number(x > y);
  return (isDescending ? -order : order) || b.sums.atPeak - a.sums.atPeak;
}

const add = (list) => list.reduce((sum, { sums }) =>
  Object.fromEntries(Object.keys(sum).map((key) => [key, sum[key] + sums[key]])),
  { atPeak: 0, blocks: 0, leaked: 0, total: 0, count: 0 });

function foot(found) {
  const rows = [];
  if (pattern) rows.push(sumRow(add(found), `${plural(found.length, "line")} found`, { class: "found" }));
  if (table.nRest) rows.push(sumRow(table.rest, `${plural(table.nRest, "smaller line")} not on this page`));
  rows.push(sumRow(table.unattributed, "unattributed: no usable stack", { id: "unattributed" }));
  if (Object.values(table.unstacked).some((value) => value !== 0))
    rows.push(sumRow(table.unstacked, isSampled ? "exact total minus estimates" : "no stack by choice (stacks off)", { id: "unstacked" }));
  rows.push(sumRow(table.total, "sum", { class: "sum", id: "lines-sum" }));
  return rows;
}

function head() {
  const cells = COLUMNS.map((column) => {
    const isSorted = column === sortedBy;
    const arrow = element("span", { class: "arrow", "aria-hidden": "true" }, isSorted ? (isDescending ? "\u25be" : "\u25b4") : "");
    const button = element("button", { type: "button", "data-key": column.key }, ...(column.isNumber ? [arrow, column.title] : [column.title, arrow]));
    button.addEventListener("click", () => sortBy(column));
    return element("th", { scope: "col", class: column.isNumber && "number",
      "aria-sort": isSorted ? (isDescending ? "descending" : "ascending") : "none" }, button);
  });
  return element("thead", {}, element("tr", {}, ...cells));
}

function sortBy(column) {
  isDescending = column === sortedBy ? !isDescending : column.isNumber === true;
  sortedBy = column;
  draw();
  byId("line-table").querySelector(`th button[data-key=${column.key}]`).focus();
}

function draw() {
  const found = table.rows.filter(isMatch).sort(compare);
  byId("line-table").replaceChildren(head(),
    element("tbody", {}, ...found.slice(0, limit).map(lineRow)), element("tfoot", {}, ...foot(found)));
  byId("more-lines").hidden = found.length <= limit;
  byId("more-lines").textContent = `Show all ${count(found.length)} lines`;
  return found.length;
}

function note() {
  byId("lines-note").textContent = "Each byte once: at its innermost frame with a source line outside the C and C++ " +
    "libraries and malloc wrappers, else the innermost. At peak: live at the tree's heap peak; leaked: never freed." +
    (isSampled ? " Bytes are estimates from the blocks that were sampled, right within the margin in 95 % of cases." : "") +
    (difference ? ` ${difference}` : "");
}

export function searchLines(words) {
  pattern = words;
  return draw();
}

export function startLines(searchFor) {
  onFunction = searchFor;
  if (lines.length > 1) {
    byId("class-choice").hidden = false;
    byId("class").append(...lines.map(({ name }, i) => element("option", { value: i }, CLASSES[name] ?? name)));
  }
  byId("class").addEventListener("change", (event) => { table = lines[Number(event.target.value)]; limit = FIRST_ROWS; draw(); });
  byId("more-lines").addEventListener("click", () => { limit = Infinity; draw(); });
  note();
  draw();
}
