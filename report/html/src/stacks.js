// stacks.js - the tree of stacks with the weights of the processes that were chosen, in one value.
import { flame, frames, processes } from "./data.js";

const N_VALUES = flame.values.length;
const rowOfImage = new Map(processes.filter((row) => row.image >= 0).map((row) => [row.image, row]));

/** What can be chosen: all, each program with several processes, each process with a stack. */
export function choices() {
  const images = flame.images.filter(({ image }) => rowOfImage.has(image));
  const byName = new Map();
  for (const { image } of images) {
    const { name } = rowOfImage.get(image);
    byName.set(name, [...(byName.get(name) ?? []), image]);
  }
  const programs = [...byName].filter(([, list]) => list.length > 1)
    .map(([name, list]) => ({ key: `program:${name}`, name: `${name} (${list.length} processes)`, images: list }));
  const single = images.map(({ image }) => {
    const row = rowOfImage.get(image);
    return { key: `image:${image}`, name: `${row.name} (${row.pid})`, images: [image] };
  });
  return { programs, single };
}

/** Own and subtree weights of all nodes: of @images (null = all), in value number @value. */
export function weigh(images, value) {
  const wanted = images && new Set(images);
  const own = new Float64Array(flame.parent.length);
  for (const { image, own: flat } of flame.images) {
    if (wanted && !wanted.has(image)) continue;
    for (let i = 0; i < flat.length; i += N_VALUES + 1) own[flat[i]] += flat[i + 1 + value];
  }
  const total = own.slice();
  for (let node = total.length - 1; node > 0; node--) total[flame.parent[node]] += total[node];
  return { own, total };
}

/** Of each node its children that weigh something, heaviest first. */
export function childrenOf(total) {
  const children = Array.from({ length: total.length }, () => []);
  for (let node = 1; node < total.length; node++)
    if (total[node] > 0) children[flame.parent[node]].push(node);
  for (const list of children) list.sort((a, b) => total[b] - total[a]);
  return children;
}

export const frameOf = (node) => frames[flame.frame[node]];
