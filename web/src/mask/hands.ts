// Pure: what each pointer on the stage does. Once a pen was seen, touches only
// move the picture, so that a resting palm paints nothing.
import type { Point } from "./view.ts";

export type Deed = "paint" | "pan" | "pinch" | "none";

export interface Contact extends Point {
  id: number;
  kind: string; // "mouse", "pen" or "touch"
  button: number;
  panning: boolean; // space is held
}

const young = 300; // milliseconds: a stroke that a second finger takes back

export class Hands {
  private readonly touches = new Map<number, Point>();
  private painter: { id: number; kind: string; since: number } | null = null;
  private panner: { id: number; at: Point } | null = null;

  constructor(public pen = false) {}

  /** down says what a new contact starts, and whether a stroke in progress is taken back or ended. */
  down(c: Contact, now: number): { deed: Deed; before: "drop" | "end" | null } {
    if (c.kind === "touch") return this.touch(c, now);
    const before = this.painter ? (this.painter.kind === "touch" ? "drop" : "end") : null;
    if (c.kind === "pen") {
      this.pen = true;
      this.touches.clear(); // the palm that came first
      this.panner = null;
    }
    if (c.button === 1 || (c.button === 0 && c.panning)) {
      this.panner = { id: c.id, at: c };
      return { deed: "pan", before: this.release(before) };
    }
    if (c.button !== 0 && c.button !== 5) return { deed: "none", before: null }; // 5: a pen's eraser
    this.painter = { id: c.id, kind: c.kind, since: now };
    return { deed: "paint", before };
  }

  private touch(c: Contact, now: number): { deed: Deed; before: "drop" | "end" | null } {
    if (this.painter && this.painter.kind !== "touch") return { deed: "none", before: null };
    this.touches.set(c.id, { x: c.x, y: c.y });
    if (this.touches.size === 2) {
      const before = this.painter ? (now - this.painter.since < young ? "drop" : "end") : null;
      this.panner = null;
      return { deed: "pinch", before: this.release(before) };
    }
    if (this.touches.size > 2) return { deed: "none", before: null };
    if (this.pen || c.panning) {
      this.panner = { id: c.id, at: c };
      return { deed: "pan", before: null };
    }
    this.painter = { id: c.id, kind: c.kind, since: now };
    return { deed: "paint", before: null };
  }

  /** move says what a contact does now; from and to are the stage's points it went between. */
  move(id: number, to: Point): { deed: Deed; from: Point[]; to: Point[] } {
    if (this.painter?.id === id) return { deed: "paint", from: [], to: [to] };
    if (this.panner?.id === id) {
      const from = this.panner.at;
      this.panner.at = to;
      if (this.touches.has(id)) this.touches.set(id, to);
      return { deed: "pan", from: [from], to: [to] };
    }
    if (!this.touches.has(id)) return { deed: "none", from: [], to: [] };
    const from = [...this.touches.values()];
    this.touches.set(id, to);
    if (this.touches.size !== 2) return { deed: "none", from: [], to: [] };
    return { deed: "pinch", from, to: [...this.touches.values()] };
  }

  /** up says whether the stroke ends with this contact. */
  up(id: number): boolean {
    const painted = this.painter?.id === id;
    if (painted) this.painter = null;
    if (this.panner?.id === id) this.panner = null;
    this.touches.delete(id);
    const [rest] = this.touches;
    if (!painted && this.touches.size === 1 && rest) this.panner = { id: rest[0], at: rest[1] }; // one finger of a pinch stays
    return painted;
  }

  private release(before: "drop" | "end" | null): "drop" | "end" | null {
    this.painter = null;
    return before;
  }
}

/** width is the share of the tip's size that a pressure gives. Only a pen knows it. */
export const width = (kind: string, pressure: number): number => (kind === "pen" && pressure > 0 ? Math.max(0.05, pressure) : 1);
