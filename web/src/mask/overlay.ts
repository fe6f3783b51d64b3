// The colour over the picture: as dense at each pixel as the server repaints it.
import { isEmpty, nothing, union, whole, type Box, type Extent } from "./box.ts";
import { depths } from "./edge.ts";

export type Colour = [red: number, green: number, blue: number];

/** The colours of an overlay; the one farthest from the picture's own is taken. */
const colours: Colour[] = [[255, 38, 84], [0, 168, 255], [255, 196, 0]];

export function farthest(from: Colour): Colour {
  const far = (c: Colour) => Math.hypot(c[0] - from[0], c[1] - from[1], c[2] - from[2]);
  return colours.reduce((best, c) => (far(c) > far(best) ? c : best));
}

export class Overlay {
  feather = 0;
  colour: Colour = colours[0]!;
  private depth = new Uint8Array();
  private stale: Box = nothing;
  private frame = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** resize makes room for another mask. */
  resize({ width, height }: Extent): void {
    this.canvas.width = width;
    this.canvas.height = height;
    this.depth = new Uint8Array(width * height);
  }

  /** show brings a box up to date with the next frame. */
  show(mask: Uint8Array, size: Extent, changed: Box): void {
    this.stale = union(this.stale, changed);
    if (this.frame || isEmpty(this.stale)) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint(mask, size);
    });
  }

  showAll(mask: Uint8Array, size: Extent): void {
    this.show(mask, size, whole(size));
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.stale = nothing;
  }

  private paint(mask: Uint8Array, size: Extent): void {
    const box = depths(mask, size, this.feather, this.stale, this.depth);
    this.stale = nothing;
    if (isEmpty(box)) return;
    const [w, h] = [box.right - box.left, box.bottom - box.top];
    const data = new ImageData(w, h);
    const words = new Uint32Array(data.data.buffer);
    const [r, g, b] = this.colour;
    const tint = (b << 16) | (g << 8) | r; // little-endian, as every browser's machine is
    const inks = Uint32Array.from({ length: this.feather + 2 }, (_, d) => ((Math.round((255 * d) / (this.feather + 1)) << 24) | tint) >>> 0);
    for (let y = 0, to = 0; y < h; y++) {
      const row = (box.top + y) * size.width + box.left;
      for (let x = 0; x < w; x++) words[to++] = inks[this.depth[row + x]!]!;
    }
    this.canvas.getContext("2d")!.putImageData(data, box.left, box.top);
  }
}
