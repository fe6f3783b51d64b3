// The wall that pictures hang on: one frame for each, at its final size, so
// that nothing moves when previews and pictures come.
import { find, image, part } from "./dom.ts";
import type { Size } from "./types.ts";

export class Stage {
  private frames: HTMLElement[] = [];
  private shown: string[] = []; // object URLs of previews, by picture

  constructor(readonly root: HTMLElement) {}

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
    const url = URL.createObjectURL(jpeg);
    const img = image(url, `Preview of the picture at step ${step}`);
    img.dataset.step = String(step);
    img.onload = () => {
      if (frame.classList.contains("frame-done")) return URL.revokeObjectURL(url);
      frame.replaceChildren(img);
      if (this.shown[picture]) URL.revokeObjectURL(this.shown[picture]);
      this.shown[picture] = url;
    };
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
    frame.replaceChildren(img);
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
    note.textContent = why;
    this.root.replaceChildren(note);
    this.release();
  }

  private release(): void {
    this.shown.forEach((url) => URL.revokeObjectURL(url));
    this.shown = [];
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
