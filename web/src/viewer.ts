// The full-screen view of a picture: zoom, pan, and, where it was made from
// another, a divider between before and after.
import { find, image } from "./dom.ts";
import { Divider } from "./divider.ts";
import { PanZoom } from "./panzoom.ts";

export class Viewer {
  private readonly window: HTMLElement;
  private readonly world: HTMLElement;
  private readonly range: HTMLInputElement;
  private readonly line: HTMLElement;
  private readonly divider: Divider;
  private readonly panzoom: PanZoom;

  constructor(private readonly dialog: HTMLDialogElement) {
    this.window = find(dialog, "[data-window]");
    this.world = find(dialog, "[data-world]");
    this.range = find(dialog, "[data-divider]");
    this.line = find(dialog, "[data-divider-line]");
    this.panzoom = new PanZoom(this.window, this.world, { width: 1, height: 1 });
    this.divider = new Divider(this.range, this.line, () => this.world.getBoundingClientRect(), (share) => {
      dialog.style.setProperty("--divide", String(share));
      this.place();
    });
    const does: Record<string, () => void> = {
      fit: () => this.panzoom.fit(), actual: () => this.panzoom.actual(), in: () => this.panzoom.zoom(1.25),
      out: () => this.panzoom.zoom(0.8), close: () => dialog.close(),
    };
    dialog.addEventListener("click", (event) => does[(event.target as Element).closest<HTMLElement>("[data-do]")?.dataset.do ?? ""]?.());
    dialog.addEventListener("keydown", (event) => event.target === this.range || this.panzoom.key(event));
    dialog.addEventListener("close", () => this.world.replaceChildren());
    this.panzoom.addEventListener("change", () => {
      find(dialog, "[data-scale]").textContent = `${Math.round(this.panzoom.view.scale * devicePixelRatio * 100)} %`;
      this.place();
    });
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
    find(this.dialog, "[data-compare]").hidden = this.line.hidden = !before;
    this.offer(new URL(src, location.href));
    this.dialog.showModal();
    this.panzoom.show(size);
    this.divider.put(0.5);
    this.window.focus();
  }

  /** offer leads on from this picture: as one to start from, or to paint on. */
  private offer(picture: URL): void {
    for (const [link, as] of [["[data-use-picture]", "image"], ["[data-paint-picture]", "paint"]] as const) {
      const on = find<HTMLAnchorElement>(this.dialog, link);
      on.hidden = picture.origin !== location.origin || !picture.pathname.startsWith("/files/");
      on.href = `/?${new URLSearchParams({ [as]: picture.pathname })}`;
    }
  }

  /** place puts the line over the picture, wherever that was moved. */
  private place(): void {
    if (this.line.hidden) return;
    const { x, scale } = this.panzoom.view;
    this.line.style.left = `${x + (Number(this.range.value) / 100) * this.world.offsetWidth * scale}px`;
  }
}
