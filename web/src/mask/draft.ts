// The mark that is being made with the chosen tool, whatever makes it: a
// pointer, or the keyboard's cursor.
import { nothing, type Box } from "./box.ts";
import type { Tip, Tool } from "./mark.ts";
import type { Sheet } from "./sheet.ts";

export class Draft {
  tool: Tool = "brush";
  erase = false;
  tip: Tip = { size: 64, hardness: 0.8 };
  private shape: { kind: Exclude<Tool, "brush">; erase: boolean; path: number[] } | null = null;

  constructor(private readonly sheet: Sheet) {}

  get busy(): boolean {
    return this.shape !== null || this.sheet.drawing;
  }

  /** down starts a mark at a point of the picture; other: with the other of painting and erasing. */
  down(x: number, y: number, pressure = 1, other = false): Box {
    const erase = this.erase !== other;
    if (this.tool === "brush") return this.sheet.begin({ kind: "brush", erase, tip: { ...this.tip }, path: [x, y, pressure] });
    this.shape = { kind: this.tool, erase, path: this.tool === "fill" ? [x, y] : [x, y, x, y] };
    return nothing;
  }

  /** move carries the mark on to a point. */
  move(x: number, y: number, pressure = 1): Box {
    if (this.shape?.kind === "lasso") {
      const { path } = this.shape;
      if (Math.hypot(x - path.at(-4)!, y - path.at(-3)!) >= 1) path.push(x, y);
      else this.follow(x, y);
      return nothing;
    }
    this.follow(x, y);
    return this.sheet.extend(x, y, pressure);
  }

  /** follow moves only the last corner of a shape. */
  follow(x: number, y: number): void {
    this.shape?.path.splice(-2, 2, x, y);
  }

  /** up finishes the mark and tells what changed. */
  up(): Box {
    const shape = this.shape;
    this.shape = null;
    if (!shape) return this.sheet.end();
    return this.covers(shape) ? this.sheet.add(shape) : nothing;
  }

  cancel(): Box {
    this.shape = null;
    return this.sheet.drop();
  }

  /** outline is the shape in progress as an SVG path, in the picture's pixels; "" without one. */
  get outline(): string {
    if (!this.shape || this.shape.kind === "fill") return "";
    const p = this.shape.path.map((v) => v.toFixed(1));
    if (this.shape.kind === "rectangle") return `M${p[0]} ${p[1]}H${p[2]}V${p[3]}H${p[0]}Z`;
    return `M${p.join(" ")}Z`;
  }

  /** A shape without an area, and a fill beside the picture, are no marks. */
  private covers({ kind, path }: { kind: Tool; path: number[] }): boolean {
    const [x, y] = path as [number, number];
    if (kind === "fill") return x >= 0 && y >= 0 && x < this.sheet.size.width && y < this.sheet.size.height;
    return kind === "lasso" ? path.length >= 6 : x !== path[2] && y !== path[3];
  }
}
