// The brush's outline at the pointer: the outer ring is its size, the inner
// one what it covers fully.
import type { Tip } from "./mark.ts";
import type { Point } from "./view.ts";

export class Cursor {
  private at: Point | null = null;

  constructor(private readonly ring: HTMLElement, private readonly core: HTMLElement) {}

  move(at: Point | null): void {
    this.at = at;
    this.ring.hidden = !at;
    if (at) this.ring.style.setProperty("translate", `${at.x}px ${at.y}px`);
  }

  /** shape draws the tip at the stage's scale; null is a cross. */
  shape(tip: Tip | null, scale: number): void {
    const size = tip ? Math.max(4, tip.size * scale) : 0;
    this.ring.style.setProperty("--size", `${size}px`);
    this.ring.classList.toggle("painter-cross", !tip);
    this.core.hidden = !tip || tip.hardness > 0.97 || size < 12;
    if (tip) this.core.style.setProperty("--core", `${size * tip.hardness}px`);
  }

  get shown(): boolean {
    return this.at !== null;
  }
}
