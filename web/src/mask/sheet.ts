// The mask as a document: marks in their order, and the pixels they make.
// Drawing adds to the pixels; only undo draws again, from the nearest copy kept.
import { clip, grow, isEmpty, nothing, union, whole, type Box, type Extent } from "./box.ts";
import { cover, segment } from "./cover.ts";
import { farEnough, type Drawn, type Mark } from "./mark.ts";

const copyEvery = 8; // marks between two kept copies of the pixels
const copyBytes = 64 << 20; // that all copies may take together

type Brush = Extract<Mark, { kind: "brush" }>;

export class Sheet {
  readonly mask: Uint8Array;
  readonly marks: Mark[] = [];
  undone: Mark[] = [];
  private readonly base: Uint8Array; // the pixels without the mark that is being drawn
  private readonly covered: Uint8Array; // what that mark covers
  private copies: { marks: number; mask: Uint8Array }[] = [];
  private stroke: { mark: Brush; touched: Box; loose: [number, number, number] | null } | null = null;

  constructor(readonly size: Extent) {
    const area = size.width * size.height;
    [this.mask, this.base, this.covered] = [new Uint8Array(area), new Uint8Array(area), new Uint8Array(area)];
  }

  /** add draws a whole mark and tells the box that changed. */
  add(mark: Mark): Box {
    this.marks.push(mark);
    this.undone = [];
    const changed = this.draw(mark);
    this.copy();
    return changed;
  }

  /** begin starts a brush stroke at its first point. */
  begin(mark: Brush): Box {
    this.base.set(this.mask);
    this.stroke = { mark, touched: nothing, loose: null };
    return this.piece(0, 0);
  }

  /** extend carries the stroke on. A point that is too near waits for the end. */
  extend(x: number, y: number, pressure: number): Box {
    if (!this.stroke) return nothing;
    const { mark } = this.stroke;
    if (!farEnough(mark.path, x, y, mark.tip)) {
      this.stroke.loose = [x, y, pressure];
      return nothing;
    }
    this.stroke.loose = null;
    mark.path.push(x, y, pressure);
    return this.piece(mark.path.length - 6, mark.path.length - 3);
  }

  /** end makes the stroke a mark among the others. */
  end(): Box {
    if (!this.stroke) return nothing;
    const { mark, loose } = this.stroke;
    let changed = nothing;
    if (loose) {
      mark.path.push(...loose);
      changed = this.piece(mark.path.length - 6, mark.path.length - 3);
    }
    this.wipe(this.stroke.touched);
    this.stroke = null;
    this.marks.push(mark);
    this.undone = [];
    this.copy();
    return changed;
  }

  /** drop takes an unfinished stroke back. */
  drop(): Box {
    if (!this.stroke) return nothing;
    const { touched } = this.stroke;
    this.wipe(touched);
    this.mask.set(this.base);
    this.stroke = null;
    return touched;
  }

  get drawing(): boolean {
    return this.stroke !== null;
  }

  /** undo takes the last mark back and tells the box that changed; null when there is none. */
  undo(): Box | null {
    const mark = this.marks.pop();
    if (!mark) return null;
    this.undone.push(mark);
    const before = this.mask.slice();
    this.redraw();
    return difference(before, this.mask, this.size);
  }

  redo(): Box | null {
    const mark = this.undone.pop();
    if (!mark) return null;
    this.marks.push(mark);
    const changed = this.draw(mark);
    this.copy();
    return changed;
  }

  /** load takes another sheet's marks. */
  load(marks: Mark[], undone: Mark[]): void {
    this.marks.splice(0, this.marks.length, ...marks);
    this.undone = [...undone];
    this.copies = [];
    this.redraw();
  }

  /** share of the picture that is repainted, 0 to 1. */
  get share(): number {
    const { mask } = this;
    let count = 0;
    for (let i = 0; i < mask.length; i++) count += mask[i]! >>> 7; // repaint is 128
    return count / mask.length;
  }

  private redraw(): void {
    this.copies = this.copies.filter((c) => c.marks <= this.marks.length);
    const nearest = this.copies.at(-1);
    if (nearest) this.mask.set(nearest.mask);
    else this.mask.fill(0);
    for (let i = nearest?.marks ?? 0; i < this.marks.length; i++) {
      this.draw(this.marks[i]!);
      this.copy(i + 1);
    }
  }

  private draw(mark: Mark): Box {
    switch (mark.kind) {
      case "clear":
        this.mask.fill(0);
        return whole(this.size);
      case "invert":
        for (let i = 0; i < this.mask.length; i++) this.mask[i] = 255 - this.mask[i]!;
        return whole(this.size);
      case "load":
        this.mask.set(mark.mask);
        return whole(this.size);
    }
    this.base.set(this.mask);
    const touched = cover(mark, this.size, this.base, this.covered);
    this.blend(mark, touched);
    this.wipe(touched);
    return touched;
  }

  private piece(from: number, to: number): Box {
    const stroke = this.stroke!;
    const touched = segment(stroke.mark.path, from, to, stroke.mark.tip, this.size, this.covered);
    stroke.touched = union(stroke.touched, touched);
    this.blend(stroke.mark, touched);
    return touched;
  }

  /** blend lays the covered pixels of a box over the base: strokes add up, as paint does. */
  private blend({ erase }: Drawn, box: Box): void {
    const { mask, base, covered } = this;
    for (let y = box.top; y < box.bottom; y++) {
      for (let i = y * this.size.width + box.left, end = i - box.left + box.right; i < end; i++) {
        const cover = covered[i]!;
        if (cover === 0) continue;
        mask[i] = erase ? share(base[i]!, 255 - cover) : 255 - share(255 - base[i]!, 255 - cover);
      }
    }
  }

  private wipe(touched: Box): void {
    const box = clip(grow(touched, 0), this.size);
    if (isEmpty(box)) return;
    for (let y = box.top; y < box.bottom; y++) this.covered.fill(0, y * this.size.width + box.left, y * this.size.width + box.right);
  }

  private copy(marks = this.marks.length): void {
    if (marks % copyEvery !== 0) return;
    this.copies.push({ marks, mask: this.mask.slice() });
    if (this.copies.length * this.mask.length <= copyBytes) return;
    const newest = this.copies.length - 1;
    this.copies = this.copies.filter((_, i) => i === newest || i % 2 === 1);
  }
}

/** share is a × b / 255 to the nearest whole number, for bytes. */
const share = (a: number, b: number): number => ((a * b + 128) * 257) >>> 16;

/** difference is the box around every pixel in which two masks differ. */
function difference(a: Uint8Array, b: Uint8Array, { width, height }: Extent): Box {
  let box = nothing;
  for (let y = 0; y < height; y++) {
    let [left, right] = [y * width, (y + 1) * width];
    const row = left;
    while (left < right && a[left] === b[left]) left++;
    if (left === right) continue;
    while (a[right - 1] === b[right - 1]) right--;
    box = union(box, { left: left - row, right: right - row, top: y, bottom: y + 1 });
  }
  return box;
}
