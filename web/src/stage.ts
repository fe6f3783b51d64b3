// The wall that pictures hang on: one frame for each, at its final size, so
// that nothing moves when previews and pictures come.
import { find, image, part } from "./dom.ts";
import type { Size } from "./types.ts";

interface Seen {
  step: number;
  img: HTMLImageElement;
}

export class Stage {
  private frames: HTMLElement[] = [];
  private seen: Seen[][] = []; // previews, by picture

  /** open is called with a finished picture that somebody wants to see large. */
  constructor(readonly root: HTMLElement, private readonly open: (src: string, alt: string) => void) {}

  /** hang puts up empty frames for a run. */
  hang(count: number, size: Size): void {
    this.release();
    const wall = document.createElement("div");
    wall.className = "hang";
    wall.dataset.count = String(count);
    this.frames = Array.from({ length: count }, () => {
      const frame = part("frame");
      frame.classList.add("frame-busy");
      proportion(frame, size);
      wall.append(frame);
      return frame;
    });
    this.root.replaceChildren(wall);
  }

  /** preview shows what the model expects a picture to become. */
  preview(picture: number, step: number, jpeg: Blob): void {
    const frame = this.frames[picture];
    if (!frame || frame.classList.contains("frame-done")) return;
    const img = image(URL.createObjectURL(jpeg), `Preview of the picture at step ${step}`);
    img.dataset.step = String(step);
    (this.seen[picture] ??= []).push({ step, img });
    img.onload = () => {
      if (!frame.classList.contains("frame-done")) frame.replaceChildren(img);
    };
  }

  /** moments is how many previews there are to look back at, of the picture that has most. */
  get moments(): number {
    return Math.max(0, ...this.seen.map((list) => list.length));
  }

  /** look shows the pictures as they were at a moment, 1 to moments; beyond, as they are. It returns the step. */
  look(moment: number): number | null {
    let step: number | null = null;
    this.frames.forEach((frame, picture) => {
      const then = this.seen[picture]?.[moment - 1];
      frame.querySelector("img[data-step]")?.remove();
      if (!then) return;
      step = then.step;
      frame.querySelector("img")?.after(then.img) ?? frame.append(then.img);
    });
    return step;
  }

  /** picture puts a finished one in its frame, once it can be painted at once. */
  async picture(index: number, url: string, alt: string): Promise<void> {
    const frame = this.frames[index];
    if (!frame) return;
    const img = image(url, alt);
    img.dataset.final = "";
    await img.decode().catch(() => undefined);
    if (img.naturalWidth > 0) proportion(frame, [img.naturalWidth, img.naturalHeight]);
    frame.classList.replace("frame-busy", "frame-done");
    const button = part("open");
    button.addEventListener("click", () => this.open(img.src, alt));
    frame.replaceChildren(img, button);
  }

  /** stop leaves what was seen on the wall, greyed. */
  stop(): void {
    for (const frame of this.frames) {
      if (!frame.classList.contains("frame-busy")) continue;
      frame.classList.replace("frame-busy", "frame-off");
      if (!frame.querySelector("img")) frame.classList.add("frame-empty");
    }
  }

  fail(why: string): void {
    const note = part("failure");
    find(note, "[data-why]").textContent = why;
    this.root.replaceChildren(note);
    this.release();
  }

  private release(): void {
    this.seen.flat().forEach(({ img }) => URL.revokeObjectURL(img.src));
    this.seen = [];
    this.frames = [];
  }
}

/** invite shows, on an empty wall, the size that the next picture will have. */
export function invite(root: HTMLElement, size: Size): void {
  const frame = root.querySelector<HTMLElement>("[data-empty]");
  if (!frame) return;
  proportion(frame, size);
  find(frame, "[data-size]").textContent = size.join(" × ");
}

function proportion(frame: HTMLElement, [width, height]: Size): void {
  frame.style.setProperty("--w", String(width));
  frame.style.setProperty("--h", String(height));
}
