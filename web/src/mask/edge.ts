// Pure: how much of each pixel the server repaints. It takes mask values of
// 128 and over, and blends the first feather pixels inside their border: a
// pixel d king's moves from the kept area becomes d/(feather+1) new.
import { clip, grow, isEmpty, nothing, type Box, type Extent } from "./box.ts";
import { repaint } from "./mark.ts";

/** defaultFeather is the server's. */
export const defaultFeather = 4;
export const maxFeather = 16;

/**
 * depths brings depth up to date after the mask changed in a box: 0 where the
 * picture is kept, at most feather+1. It tells the box that it wrote.
 */
export function depths(mask: Uint8Array, size: Extent, feather: number, changed: Box, depth: Uint8Array): Box {
  const inner = clip(grow(changed, feather), size); // what a change can reach
  if (isEmpty(clip(changed, size))) return nothing;
  const box = clip(grow(changed, 2 * feather + 1), size); // what that depends on
  const far = feather + 1;
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  // A frame of far pixels: neither the picture's edge nor the box's is a border.
  const pitch = w + 2;
  const near = new Uint8Array(pitch * (h + 2)).fill(far);
  for (let y = 0; y < h; y++) {
    const row = (box.top + y) * size.width + box.left;
    for (let x = 0, at = (y + 1) * pitch + 1; x < w; x++, at++) if (mask[row + x]! < repaint) near[at] = 0;
  }
  for (let y = 1; y <= h; y++) {
    for (let at = y * pitch + 1, end = at + w; at < end; at++) {
      if (near[at] === 0) continue;
      near[at] = least(near[at]!, near[at - 1]!, near[at - pitch - 1]!, near[at - pitch]!, near[at - pitch + 1]!);
    }
  }
  for (let y = h; y >= 1; y--) {
    for (let at = y * pitch + w, end = y * pitch; at > end; at--) {
      if (near[at] === 0) continue;
      near[at] = least(near[at]!, near[at + 1]!, near[at + pitch + 1]!, near[at + pitch]!, near[at + pitch - 1]!);
    }
  }
  for (let y = inner.top; y < inner.bottom; y++) {
    const from = (y - box.top + 1) * pitch + (inner.left - box.left + 1);
    depth.set(near.subarray(from, from + inner.right - inner.left), y * size.width + inner.left);
  }
  return inner;
}

/** least is the smaller of a depth and one more than its neighbours'. */
function least(own: number, a: number, b: number, c: number, d: number): number {
  let next = a < b ? a : b;
  if (c < next) next = c;
  if (d < next) next = d;
  return own <= next ? own : next + 1;
}
