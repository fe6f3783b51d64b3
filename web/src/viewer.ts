// The full-screen view of a picture: zoom, pan, and, where it was made from
// another, a divider between before and after.
import { find, image } from "./dom.ts";
import { PanZoom } from "./panzoom.ts";

export class Viewer {
  private readonly window: HTMLElement;
  private readonly world: HTMLElement;
  private readonly divider: HTMLInputElement;
  private readonly panzoom: PanZoom;

  constructor(private readonly dialog: HTMLDialogElement) {
    this.window = find(dialog, "[data-window]");
    this.world = find(dialog, "[data-world]");
    this.divider = find(dialog, "[data-divider]");
    this.panzoom = new PanZoom(this.window, this.world, { width: 1, height: 1 });
    const does: Record<string, () => void> = {
      fit: () => this.panzoom.fit(), actual: () => this.panzoom.actual(), in: () => this.panzoom.zoom(1.25),
      out: () => this.panzoom.zoom(0.8), close: () => dialog.close(),
    };
    dialog.addEventListener("click", (event) => does[(event.target as Element).closest<HTMLElement>("[data-do]")?.dataset.do ?? ""]?.());
    dialog.addEventListener("keydown", (event) => event.target === this.divider || this.panzoom.key(event));
    dialog.addEventListener("close", () => this.world.replaceChildren());
    this.panzoom.addEventListener("change", () => {
      find(dialog, "[data-scale]").textContent = `${Math.round(this.panzoom.view.scale * devicePixelRatio * 100)} %`;
    });
    this.divider.addEventListener("input", () => this.divide());
  }

  /** open shows a picture, and the one it was made from when there was one. */
  async open(src: string, alt: string, before = ""): Promise<void> {
    const after = image(src, alt);
    await after.decode();
    const size = { width: after.naturalWidth, height: after.naturalHeight };
    this.world.style.width = `${size.width}px`;
    this.world.style.height = `${size.height}px`;
    this.world.replaceChildren(after);
    if (before) this.world.append(image(before, "The picture it was made from"));
    find(this.dialog, "[data-compare]").hidden = !before;
    this.divider.value = "50";
    this.divide();
    this.dialog.showModal();
    this.panzoom.show(size);
    this.window.focus();
  }

  private divide(): void {
    this.world.style.setProperty("--divide", `${this.divider.value}%`);
  }
}
