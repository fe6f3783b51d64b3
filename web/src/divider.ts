// The line between two pictures that lie over each other: a slider says where
// it stands, and the line itself can be dragged.

export class Divider {
  private pointer = -1;

  /**
   * grip is what can be dragged; span is where, on the screen, the pictures lie
   * from left to right; moved is told the share of them that is left of the line.
   */
  constructor(
    private readonly range: HTMLInputElement,
    grip: HTMLElement,
    private readonly span: () => { left: number; width: number },
    private readonly moved: (share: number) => void,
  ) {
    range.addEventListener("input", () => this.told());
    grip.addEventListener("pointerdown", (event) => this.press(event, grip));
    grip.addEventListener("pointermove", (event) => event.pointerId === this.pointer && this.drag(event));
    for (const kind of ["pointerup", "pointercancel"] as const) grip.addEventListener(kind, () => (this.pointer = -1));
    this.told();
  }

  /** put moves the line to a share, 0 to 1. */
  put(share: number): void {
    this.range.value = String(share * 100);
    this.told();
  }

  private told(): void {
    this.range.style.setProperty("--fill", `${this.range.value}%`);
    this.moved(Number(this.range.value) / 100);
  }

  private press(event: PointerEvent, grip: HTMLElement): void {
    if (event.button !== 0) return;
    event.stopPropagation(); // what lies under the line stays where it is
    event.preventDefault();
    this.pointer = event.pointerId;
    grip.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  private drag(event: PointerEvent): void {
    const { left, width } = this.span();
    this.put(Math.min(1, Math.max(0, (event.clientX - left) / width)));
  }
}
