// Pure: which pixels a mark covers, and how much, 0 to 255. Every function
// writes into a picture-sized array and tells the box that it touched.
import { clip, isEmpty, nothing, union, type Box, type Extent } from "./box.ts";
import { repaint, type Drawn, type Tip } from "./mark.ts";

/** cover draws a whole mark. A fill looks at the mask as it was. */
export function cover(mark: Drawn, size: Extent, mask: Uint8Array, into: Uint8Array): Box {
  switch (mark.kind) {
    case "brush":
      return stroke(mark.path, mark.tip, size, into);
    case "rectangle": {
      const [x0, y0, x1, y1] = mark.path as [number, number, number, number];
      return polygon([x0, y0, x1, y0, x1, y1, x0, y1], size, into);
    }
    case "lasso":
      return polygon(mark.path, size, into);
    case "fill":
      return flood(mark.path[0]!, mark.path[1]!, mark.erase, size, mask, into);
  }
}

function stroke(path: number[], tip: Tip, size: Extent, into: Uint8Array): Box {
  let touched = segment(path, 0, 0, tip, size, into);
  for (let i = 3; i < path.length; i += 3) touched = union(touched, segment(path, i - 3, i, tip, size, into));
  return touched;
}

/**
 * segment draws the piece of a stroke between two of its points: all within
 * the radius of the line, the radius being the mean of both ends' pressures.
 * Where pieces overlap the greater cover stays.
 */
export function segment(path: number[], from: number, to: number, tip: Tip, size: Extent, into: Uint8Array): Box {
  const ax = path[from]!;
  const ay = path[from + 1]!;
  const bx = path[to]!;
  const by = path[to + 1]!;
  const radius = Math.max(0.5, (tip.size / 4) * (path[from + 2]! + path[to + 2]!));
  const core = Math.max(0, Math.min(radius * tip.hardness, radius - 0.5));
  const outer = Math.max(radius, core + 1);
  const box = clip({ left: Math.min(ax, bx) - outer, top: Math.min(ay, by) - outer, right: Math.max(ax, bx) + outer, bottom: Math.max(ay, by) + outer }, size);
  const dx = bx - ax;
  const dy = by - ay;
  const squared = dx * dx + dy * dy;
  const core2 = core * core;
  const outer2 = outer * outer;
  const slope = 255 / (outer - core);
  for (let y = box.top; y < box.bottom; y++) {
    const py = y + 0.5 - ay;
    // The part of the line that is near enough to this row bounds the row's pixels.
    const low = dy === 0 ? 0 : clamp01((py - Math.sign(dy) * outer) / dy);
    const high = dy === 0 ? 1 : clamp01((py + Math.sign(dy) * outer) / dy);
    const first = Math.max(box.left, Math.floor(ax + Math.min(dx * low, dx * high) - outer));
    const last = Math.min(box.right, Math.ceil(ax + Math.max(dx * low, dx * high) + outer));
    const row = y * size.width;
    for (let x = first; x < last; x++) {
      const before = into[row + x]!;
      if (before === 255) continue;
      const px = x + 0.5 - ax;
      const t = squared === 0 ? 0 : clamp01((px * dx + py * dy) / squared);
      const ex = px - t * dx; // no pair here: this loop runs for every pixel
      const ey = py - t * dy;
      const far2 = ex * ex + ey * ey;
      if (far2 >= outer2) continue;
      const value = far2 <= core2 ? 255 : Math.round((outer - Math.sqrt(far2)) * slope);
      if (value > before) into[row + x] = value;
    }
  }
  return box;
}

const clamp01 = (v: number) => (v < 0 ? 0 : v > 1 ? 1 : v);

/** polygon covers the pixels whose centres lie inside, by the non-zero rule. */
export function polygon(path: number[], size: Extent, into: Uint8Array): Box {
  let [bounds, touched] = [nothing, nothing];
  for (let i = 0; i < path.length; i += 2) bounds = union(bounds, { left: path[i]!, right: path[i]!, top: path[i + 1]!, bottom: path[i + 1]! });
  const box = clip(bounds, size);
  for (let y = box.top; y < box.bottom; y++) {
    let winding = 0;
    const cuts = crossings(path, y + 0.5);
    for (let i = 0; i + 1 < cuts.length; i++) {
      winding += cuts[i]!.way;
      const from = Math.max(box.left, Math.ceil(cuts[i]!.x - 0.5));
      const to = Math.min(box.right, Math.ceil(cuts[i + 1]!.x - 0.5));
      if (winding === 0 || from >= to) continue;
      into.fill(255, y * size.width + from, y * size.width + to);
      touched = union(touched, { left: from, right: to, top: y, bottom: y + 1 });
    }
  }
  return touched;
}

function crossings(path: number[], y: number): { x: number; way: number }[] {
  const cuts: { x: number; way: number }[] = [];
  for (let i = 0; i < path.length; i += 2) {
    const j = (i + 2) % path.length;
    const [x0, y0, x1, y1] = [path[i]!, path[i + 1]!, path[j]!, path[j + 1]!];
    if (y0 <= y !== y1 <= y) cuts.push({ x: x0 + ((y - y0) / (y1 - y0)) * (x1 - x0), way: y0 < y1 ? 1 : -1 });
  }
  return cuts.sort((a, b) => a.x - b.x);
}

/**
 * flood covers the area around a pixel up to where the mask turns from kept to
 * repainted (or back, when it erases); nothing where the pixel is so already.
 */
export function flood(x: number, y: number, erase: boolean, size: Extent, mask: Uint8Array, into: Uint8Array): Box {
  const { width, height } = size;
  const open = (i: number) => into[i] === 0 && mask[i]! >= repaint === erase;
  const start = clip({ left: x, top: y, right: x + 1, bottom: y + 1 }, size);
  if (isEmpty(start) || !open(start.top * width + start.left)) return nothing;
  let touched = nothing;
  const seeds = [start.top * width + start.left];
  while (seeds.length > 0) {
    const seed = seeds.pop()!;
    if (!open(seed)) continue;
    const row = seed - (seed % width);
    let [from, to] = [seed, seed + 1];
    while (from > row && open(from - 1)) from--;
    while (to < row + width && open(to)) to++;
    into.fill(255, from, to);
    const at = row / width;
    touched = union(touched, { left: from - row, right: to - row, top: at, bottom: at + 1 });
    for (const next of [at > 0 ? -width : 0, at < height - 1 ? width : 0]) {
      if (next === 0) continue;
      for (let i = from + next; i < to + next; i++) {
        if (open(i) && (i === from + next || !open(i - 1))) seeds.push(i);
      }
    }
  }
  return touched;
}
