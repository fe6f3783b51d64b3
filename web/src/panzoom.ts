// Moves a picture under a window: wheel, pinch, drag and keys.
import { fitted, panned, zoomed, type Box, type View } from "./zoom.ts";

const keyStep = 60; // screen pixels that an arrow key moves

export class PanZoom extends EventTarget {
  view: View = { x: 0, y: 0, scale: 1 };
  /** drags says whether a one-finger drag that starts now moves the picture. */
  drags: (event: PointerEvent) => boolean = () => true;
  private readonly down = new Map<number, PointerEvent>();
  private dragging = -1; // pointer that drags alone

  constructor(readonly window: HTMLElement, private readonly world: HTMLElement, private picture: Box) {
    super();
    world.style.transformOrigin = "0 0";
    window.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    window.addEventListener("pointerdown", (event) => this.press(event));
    window.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"] as const) window.addEventListener(kind, (event) => this.release(event));
  }

  /** pinching says that two fingers hold the picture. */
  get pinching(): boolean {
    return this.down.size > 1;
  }

  /** show fits a picture of that size into the window. */
  show(picture: Box): void {
    this.picture = picture;
    this.fit();
  }

  fit(): void {
    this.set(fitted(this.picture, this.box()));
  }

  /** actual shows a pixel of the picture as one of the screen. */
  actual(): void {
    this.zoom(1 / devicePixelRatio / this.view.scale);
  }

  zoom(factor: number): void {
    const { width, height } = this.box();
    this.set(zoomed(this.view, width / 2, height / 2, factor));
  }

  /** key handles the keys that every such window has, and says whether it did. */
  key(event: KeyboardEvent): boolean {
    const moves: Record<string, () => void> = {
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8),
      "0": () => this.fit(), "1": () => this.actual(),
      ArrowLeft: () => this.set(panned(this.view, keyStep, 0)), ArrowRight: () => this.set(panned(this.view, -keyStep, 0)),
      ArrowUp: () => this.set(panned(this.view, 0, keyStep)), ArrowDown: () => this.set(panned(this.view, 0, -keyStep)),
    };
    const move = event.ctrlKey || event.metaKey ? undefined : moves[event.key];
    if (!move) return false;
    event.preventDefault();
    move();
    return true;
  }

  private set(view: View): void {
    this.view = view;
    this.world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    this.dispatchEvent(new Event("change"));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const [x, y] = this.local(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.set(zoomed(this.view, x, y, Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 400))));
  }

  private press(event: PointerEvent): void {
    if ((event.target as Element).closest("button, input, a")) return;
    this.down.set(event.pointerId, event);
    if (this.down.size > 1) this.dragging = -1;
    else if (this.drags(event)) {
      this.dragging = event.pointerId;
      this.window.setPointerCapture(event.pointerId);
    }
  }

  private move(event: PointerEvent): void {
    const before = this.down.get(event.pointerId);
    if (!before) return;
    if (this.down.size === 2) {
      const other = [...this.down.values()].find((e) => e.pointerId !== event.pointerId)!;
      const distance = (a: PointerEvent, b: PointerEvent) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      const [x, y] = this.local(event);
      const [ox, oy] = this.local(other);
      const factor = distance(event, other) / Math.max(1, distance(before, other));
      const moved = panned(this.view, (event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
      this.set(zoomed(moved, (x + ox) / 2, (y + oy) / 2, factor));
    } else if (this.dragging === event.pointerId) {
      this.set(panned(this.view, event.clientX - before.clientX, event.clientY - before.clientY));
    }
    this.down.set(event.pointerId, event);
  }

  private release(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    if (this.dragging === event.pointerId) this.dragging = -1;
  }

  private local(event: MouseEvent): [number, number] {
    const { left, top } = this.window.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  private box(): Box {
    return { width: this.window.clientWidth, height: this.window.clientHeight };
  }
}
