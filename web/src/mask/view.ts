// Pure: where the picture lies on the stage, and how large. A picture's point
// p is at x + scale·p on the stage, in CSS pixels.
import type { Extent } from "./box.ts";

export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

const margin = 24; // around a picture that fits
const reach = 48; // of the picture always stays in sight
const largest = 32;

export function fit(picture: Extent, stage: Extent): View {
  const scale = Math.min((stage.width - 2 * margin) / picture.width, (stage.height - 2 * margin) / picture.height, 8);
  return centre(Math.max(scale, 0.01), picture, stage);
}

export function centre(scale: number, picture: Extent, stage: Extent): View {
  return { scale, x: (stage.width - picture.width * scale) / 2, y: (stage.height - picture.height * scale) / 2 };
}

/** zoom changes the scale and leaves the stage's point where it is. */
export function zoom(view: View, by: number, at: Point, picture: Extent, stage: Extent): View {
  const smallest = Math.min(1, fit(picture, stage).scale) / 2;
  const scale = Math.min(largest, Math.max(smallest, view.scale * by));
  const k = scale / view.scale;
  return hold({ scale, x: at.x - (at.x - view.x) * k, y: at.y - (at.y - view.y) * k }, picture, stage);
}

export function pan(view: View, dx: number, dy: number, picture: Extent, stage: Extent): View {
  return hold({ ...view, x: view.x + dx, y: view.y + dy }, picture, stage);
}

/** pinch moves two fingers' points with the fingers. */
export function pinch(view: View, before: [Point, Point], after: [Point, Point], picture: Extent, stage: Extent): View {
  const [from, to] = [between(...before), between(...after)];
  const by = distance(...after) / Math.max(1, distance(...before));
  return zoom(pan(view, to.x - from.x, to.y - from.y, picture, stage), by, to, picture, stage);
}

export const toPicture = (view: View, at: Point): Point => ({ x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale });

export const toStage = (view: View, at: Point): Point => ({ x: view.x + at.x * view.scale, y: view.y + at.y * view.scale });

/** reveal pans so that the picture's point is in sight. */
export function reveal(view: View, at: Point, stage: Extent): View {
  const p = toStage(view, at);
  const into = (v: number, most: number) => Math.max(0, margin - v) + Math.min(0, most - margin - v);
  return { ...view, x: view.x + into(p.x, stage.width), y: view.y + into(p.y, stage.height) };
}

function hold(view: View, picture: Extent, stage: Extent): View {
  const within = (at: number, length: number, room: number) => Math.min(room - reach, Math.max(reach - length, at));
  return {
    scale: view.scale,
    x: within(view.x, picture.width * view.scale, stage.width),
    y: within(view.y, picture.height * view.scale, stage.height),
  };
}

const between = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
