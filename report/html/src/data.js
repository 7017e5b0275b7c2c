// data.js - the report's data, as report/html/*.c wrote it, with indices followed.

const raw = JSON.parse(document.getElementById("data").textContent);
const text = (id) => raw.strings[id];

export const version = raw.version;
export const runs = raw.runs;
export const blindSpots = raw.blind_spots;
export const difference = raw.difference;
export const isSampled = raw.is_sampled;
export const nHidden = raw.n_hidden;
export const flame = raw.flame;

// The first three frames are none of the program's; see report/html/parts.h.
export const FRAME_SMALLER = 2;
export const N_SPECIAL_FRAMES = 3;

export const frames = raw.frames.name.map((name, i) => ({
  name: text(name),
  file: text(raw.frames.file[i]),
  module: text(raw.frames.module[i]),
  isLibrary: raw.frames.is_library[i] === 1,
  isSpecial: i < N_SPECIAL_FRAMES,
}));

export const processes = raw.processes.map((row) => ({
  ...row,
  name: text(row.name),
  command: text(row.command),
  end: text(row.end),
}));

const sums = ([atPeak, blocks, leaked, total, count, margin]) =>
  ({ atPeak, blocks, leaked, total, count, margin });

const programs = (flat) => {
  const list = [];
  for (let i = 0; i < flat.length; i += 3)
    list.push({ name: text(flat[i]), nImages: flat[i + 1], bytes: flat[i + 2] });
  return list.sort((a, b) => b.bytes - a.bytes);
};

export const nUnbalanced = raw.n_unbalanced;
export const tasks = raw.tasks.map((task) => ({ ...task, name: text(task.name) }));
export const marks = raw.marks.map((mark) => ({ ...mark, name: text(mark.name) }));

// A table a class of memory: rows + rest + unattributed + unstacked = total, in each column.
export const lines = raw.lines.map((table) => ({
  name: table.class,
  rows: table.rows.map(([frame, line, source, shares, counters]) => ({
    frame: frames[frame], line, source: text(source), programs: programs(shares), sums: sums(counters),
  })),
  nRest: table.n_rest,
  rest: sums(table.rest),
  unattributed: sums(table.unattributed),
  unstacked: sums(table.unstacked),
  total: sums(table.total),
}));
