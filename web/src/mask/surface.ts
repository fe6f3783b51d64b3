// The stage of the painter: the picture, the colour over it, and the hands that
// paint, pan and zoom there.
import { find } from "../dom.ts";
import type { Box } from "./box.ts";
import { Cursor } from "./cursor.ts";
import type { Draft } from "./draft.ts";
import { Hands, width } from "./hands.ts";
import { Overlay } from "./overlay.ts";
import type { Sheet } from "./sheet.ts";
import { centre, fit, pan, pinch, reveal, toPicture, toStage, zoom, type Point, type View } from "./view.ts";

/** Surface sends "mark" after each finished mark, and "view" when the zoom changed. */
export class Surface extends EventTarget {
  readonly overlay: Overlay;
  at: Point = { x: 0, y: 0 }; // the keyboard's cursor, in the picture
  spaceHeld = false;
  view: View = { scale: 1, x: 0, y: 0 };
  private fitted = true; // the view follows the stage's size
  private hands = new Hands();
  private sheet!: Sheet;
  private draft!: Draft;
  private readonly cursor: Cursor;
  private readonly layer: HTMLElement;
  private readonly outline: SVGElement;

  constructor(readonly root: HTMLElement) {
    super();
    this.layer = find(root, "[data-painter-layer]");
    this.outline = root.querySelector<SVGElement>("[data-painter-outline]")!;
    this.overlay = new Overlay(find(root, "canvas"));
    this.cursor = new Cursor(find(root, "[data-painter-cursor]"), find(root, "[data-painter-core]"));
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"] as const) root.addEventListener(kind, (event) => this.up(event));
    root.addEventListener("pointerleave", () => !this.draft?.busy && this.cursor.move(null));
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.fitted && this.fit()).observe(root);
  }

  get penSeen(): boolean {
    return this.hands.pen;
  }

  /** hang shows a picture and the mask on it. */
  hang(picture: HTMLImageElement, sheet: Sheet, draft: Draft): void {
    [this.sheet, this.draft] = [sheet, draft];
    this.hands = new Hands(this.hands.pen);
    const { width, height } = sheet.size;
    this.layer.style.setProperty("width", `${width}px`);
    this.layer.style.setProperty("height", `${height}px`);
    this.outline.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.layer.querySelector("img")?.remove();
    this.layer.prepend(picture);
    this.overlay.resize(sheet.size);
    this.at = { x: width / 2, y: height / 2 };
    this.fit();
    this.changed(null);
  }

  /** changed brings a box of the overlay up to date, null: all of it. */
  changed(box: Box | null): void {
    if (box) this.overlay.show(this.sheet.mask, this.sheet.size, box);
    else this.overlay.showAll(this.sheet.mask, this.sheet.size);
    this.outline.firstElementChild!.setAttribute("d", this.draft.outline);
    this.outline.lastElementChild!.setAttribute("d", this.draft.outline);
  }

  shape(): void {
    const { tool, tip, erase } = this.draft;
    this.root.dataset.tool = tool;
    this.root.toggleAttribute("data-erase", erase);
    this.cursor.shape(tool === "brush" ? tip : null, this.view.scale);
  }

  /** begin, carry and finish are what both hands and keys do with the draft. */
  begin(at: Point, pressure = 1, other = false): void {
    this.at = at;
    this.changed(this.draft.down(at.x, at.y, pressure, other));
  }

  carry(at: Point, pressure = 1): void {
    this.at = at;
    if (this.draft.busy) this.changed(this.draft.move(at.x, at.y, pressure));
  }

  finish(): void {
    if (!this.draft.busy) return;
    this.changed(this.draft.up());
    this.dispatchEvent(new Event("mark"));
  }

  cancel(): void {
    this.changed(this.draft.cancel());
  }

  /** moveCursor is the keyboard's way over the picture. */
  moveCursor(dx: number, dy: number): void {
    const { width, height } = this.sheet.size;
    const to = { x: Math.min(width, Math.max(0, this.at.x + dx)), y: Math.min(height, Math.max(0, this.at.y + dy)) };
    this.at = to;
    this.place(reveal(this.view, to, this.extent), false);
    this.cursor.move(toStage(this.view, to));
  }

  showCursor(): void {
    this.cursor.move(toStage(this.view, this.at));
  }

  fit(): void {
    if (!this.sheet || this.root.clientWidth === 0) return;
    this.place(fit(this.sheet.size, this.extent), true);
  }

  actual(): void {
    this.place(centre(1 / devicePixelRatio, this.sheet.size, this.extent), false);
  }

  zoom(by: number, at?: Point): void {
    this.place(zoom(this.view, by, at ?? { x: this.extent.width / 2, y: this.extent.height / 2 }, this.sheet.size, this.extent), false);
  }

  private get extent() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  private place(view: View, fitted: boolean): void {
    this.view = view;
    this.fitted = fitted;
    this.layer.style.setProperty("transform", `translate(${view.x}px, ${view.y}px) scale(${view.scale})`);
    this.layer.toggleAttribute("data-large", view.scale * devicePixelRatio >= 3);
    this.shape();
    this.dispatchEvent(new Event("view"));
  }

  private down(event: PointerEvent): void {
    if (!this.sheet) return;
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    const at = this.local(event);
    const contact = { id: event.pointerId, kind: event.pointerType, button: event.button, panning: this.spaceHeld, ...at };
    const { deed, before } = this.hands.down(contact, event.timeStamp);
    if (before === "drop") this.cancel();
    if (before === "end") this.finish();
    if (deed === "none") return;
    this.root.setPointerCapture(event.pointerId);
    this.root.toggleAttribute("data-panning", deed === "pan");
    if (deed !== "paint") return;
    if (this.draft.busy) this.cancel(); // a shape begun by keyboard
    this.cursor.move(event.pointerType === "touch" ? null : at);
    this.begin(toPicture(this.view, at), width(event.pointerType, event.pressure), event.altKey || event.button === 5);
  }

  private move(event: PointerEvent): void {
    if (!this.sheet) return;
    const at = this.local(event);
    const { deed, from, to } = this.hands.move(event.pointerId, at);
    if (event.pointerType !== "touch") this.cursor.move(at);
    if (deed === "pan") this.place(pan(this.view, to[0]!.x - from[0]!.x, to[0]!.y - from[0]!.y, this.sheet.size, this.extent), false);
    if (deed === "pinch") this.place(pinch(this.view, from as [Point, Point], to as [Point, Point], this.sheet.size, this.extent), false);
    if (deed !== "paint") return;
    const points = event.getCoalescedEvents?.() ?? [];
    for (const e of points.length > 0 ? points : [event]) this.carry(toPicture(this.view, this.local(e)), width(e.pointerType, e.pressure));
  }

  private up(event: PointerEvent): void {
    this.root.removeAttribute("data-panning");
    if (!this.hands.up(event.pointerId)) return;
    if (event.type === "pointercancel") this.cancel();
    else this.finish();
  }

  private wheel(event: WheelEvent): void {
    if (!this.sheet) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) return this.place(pan(this.view, -dx || -dy, 0, this.sheet.size, this.extent), false);
    this.zoom(Math.exp(-dy * (event.ctrlKey ? 0.01 : 0.0015)), this.local(event));
  }

  private local(event: MouseEvent): Point {
    const { left, top } = this.root.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}
