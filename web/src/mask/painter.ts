// The dialog in which a mask is painted.
import { all, find } from "../dom.ts";
import { whole, type Extent } from "./box.ts";
import { Draft } from "./draft.ts";
import { defaultFeather } from "./edge.ts";
import { blobOf, maskFile, meanColour, nameOf, NotReadable, readMask, save } from "./file.ts";
import { KeyHand } from "./keyhand.ts";
import type { Mark } from "./mark.ts";
import { farthest } from "./overlay.ts";
import { readFeather } from "./png.ts";
import { maskSize, resize } from "./pixels.ts";
import { Settings } from "./settings.ts";
import { Sheet } from "./sheet.ts";
import { shortcut, type Actions } from "./shortcuts.ts";
import { keep, last, recall, type Given, type Kept } from "./store.ts";
import { Surface } from "./surface.ts";

const patience = 400; // milliseconds without a change before the mask is kept

export class Painter {
  private readonly surface: Surface;
  private readonly settings: Settings;
  private readonly keyHand: KeyHand;
  private sheet = new Sheet({ width: 1, height: 1 });
  private draft = new Draft(this.sheet);
  private key = "";
  private given: Given | null = null; // what the form holds of this picture's mask
  private rest: Kept | null = null; // the mask the form was given last
  private chosen: File | null = null;
  private timer = 0;
  private speech = 0;

  constructor(private readonly root: HTMLDialogElement) {
    this.surface = new Surface(find(root, "[data-painter-stage]"));
    this.settings = new Settings(root, () => this.adjust());
    this.keyHand = new KeyHand(this.surface, () => this.draft, (text) => this.say(text, 350));
    this.surface.addEventListener("mark", () => this.marked("Painted"));
    this.surface.addEventListener("view", () => this.facts());
    const actions = this.actions();
    root.addEventListener("keydown", (event) => this.typed(event, actions));
    root.addEventListener("paste", (event) => this.pasted(event));
    root.addEventListener("drop", (event) => this.dropped(event));
    root.addEventListener("cancel", (event) => this.escape(event));
    root.addEventListener("click", (event) => this.clicked(event, actions));
    find<HTMLInputElement>(root, "[data-painter-load]").addEventListener("change", (event) => void this.loaded(event.target as HTMLInputElement));
    addEventListener("pagehide", () => void this.keep());
  }

  /** paint opens the dialog and resolves with the mask to use; null when there is none to use. */
  async paint(picture: string | Blob, mask?: string | Blob): Promise<File | null> {
    const blob = await blobOf(picture);
    const image = await shown(blob);
    this.key = await nameOf(picture, blob);
    const size = maskSize({ width: image.naturalWidth, height: image.naturalHeight });
    await this.open(size, mask);
    this.rest = await last();
    all<HTMLButtonElement>(this.root, '[data-painter="rest"]').forEach((b) => (b.hidden = this.rest === null));
    this.chosen = null;
    this.root.returnValue = "";
    this.root.showModal();
    this.surface.overlay.colour = farthest(meanColour(image));
    this.surface.hang(image, this.sheet, this.draft);
    this.adjust();
    this.surface.root.focus();
    const smaller = size.width !== image.naturalWidth;
    this.note(smaller ? `The picture is larger than a browser can paint on: the mask is made at ${size.width} × ${size.height} and scaled up.` : "");
    this.facts();
    await new Promise((resolve) => this.root.addEventListener("close", resolve, { once: true }));
    this.surface.overlay.stop();
    this.keyHand.lift();
    URL.revokeObjectURL(image.src);
    await this.keep();
    return this.chosen;
  }

  /** open fills the sheet: with the marks kept for this picture, or the mask that the form holds. */
  private async open(size: Extent, mask?: string | Blob): Promise<void> {
    const kept = await recall(this.key);
    this.sheet = new Sheet(size);
    this.draft = new Draft(this.sheet);
    this.given = kept?.given ?? null;
    if (kept && sameSize(kept.size, size)) this.sheet.load(kept.marks, kept.undone);
    this.settings.feather = kept?.feather ?? defaultFeather;
    if (mask && !this.given) await this.load(await blobOf(mask));
  }

  private adjust(): void {
    const { tool, erase, tip, opacity, feather } = this.settings;
    if (this.draft.busy && this.draft.tool !== tool) this.surface.cancel();
    Object.assign(this.draft, { tool, erase, tip });
    this.surface.overlay.feather === feather || this.feathered(feather);
    this.root.style.setProperty("--overlay", String(opacity));
    this.surface.shape();
  }

  private feathered(feather: number): void {
    this.surface.overlay.feather = feather;
    if (!this.root.open) return;
    this.surface.changed(whole(this.sheet.size));
    this.later();
  }

  private actions(): Actions & Record<string, (...args: never[]) => unknown> {
    return {
      tool: (name) => this.settings.choose(name),
      swap: () => this.settings.swap(),
      size: (steps) => this.settings.step("size", steps * 3),
      hardness: (steps) => this.settings.step("hardness", steps * 10),
      undo: () => this.undo(),
      redo: () => this.redo(),
      invert: () => this.add({ kind: "invert" }, "Inverted"),
      clear: () => this.add({ kind: "clear" }, "Cleared"),
      rest: () => this.repaintRest(),
      zoom: (by) => this.surface.zoom(by),
      closer: () => this.surface.zoom(1.25),
      farther: () => this.surface.zoom(0.8),
      fit: () => this.surface.fit(),
      actual: () => this.surface.actual(),
      keys: () => find(this.root, "[data-painter-keys]").togglePopover(),
      more: () => this.more(),
      save: async () => save(await this.file(), "mask.png"),
      use: () => this.use(),
      close: () => this.root.close(),
    };
  }

  private add(mark: Mark, word: string): void {
    this.surface.cancel();
    this.surface.changed(this.sheet.add(mark));
    this.marked(word);
  }

  private undo(): void {
    if (this.draft.busy) return this.surface.cancel();
    const done = this.sheet.undo();
    if (done) this.surface.changed(done);
    this.marked(done ? "Undone" : "Nothing to undo");
  }

  private redo(): void {
    const done = this.draft.busy ? null : this.sheet.redo();
    if (done) this.surface.changed(done);
    this.marked(done ? "Redone" : "Nothing to redo");
  }

  /** repaintRest turns the last mask that was used around, at this picture's size. */
  private repaintRest(): void {
    if (!this.rest) return;
    const before = new Sheet(this.rest.size);
    before.load(this.rest.given!.marks, []);
    const mask = resize(before.mask, this.rest.size, this.sheet.size).map((v) => 255 - v);
    this.add({ kind: "load", mask }, "The rest of the last mask");
  }

  private async use(): Promise<void> {
    this.surface.finish();
    if (this.sheet.share === 0) return this.note("The mask repaints nothing: paint over what shall change.");
    this.chosen = await this.file();
    this.given = { marks: [...this.sheet.marks], feather: this.settings.feather };
    this.root.close();
  }

  private async file(): Promise<File> {
    const start = performance.now();
    const file = await maskFile(this.sheet.mask, this.sheet.size, this.settings.feather);
    performance.measure("easel-export", { start });
    return file;
  }

  private async loaded(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = "";
    if (file) await this.load(file);
  }

  private async load(file: Blob): Promise<void> {
    try {
      const { mask, resized } = await readMask(file, this.sheet.size);
      this.settings.feather = readFeather(new Uint8Array(await file.arrayBuffer())) ?? this.settings.feather;
      this.sheet.add({ kind: "load", mask });
      if (!this.root.open) return;
      this.surface.changed(null);
      this.adjust();
      this.marked("Loaded");
      if (resized) this.note("The mask had another size; it was scaled to the picture's.");
    } catch (error) {
      if (!(error instanceof NotReadable)) throw error;
      this.note(error.message);
    }
  }

  private marked(word: string): void {
    this.note("");
    const share = this.facts();
    this.say(`${word}. ${share}`);
    this.later();
  }

  /** facts tells the size, the share and the zoom. */
  private facts(): string {
    const { width, height } = this.sheet.size;
    const percent = this.sheet.share * 100;
    const share = `${percent > 0 && percent < 0.1 ? "under 0.1" : percent.toFixed(percent < 10 ? 1 : 0)} % is repainted`;
    find(this.root, "[data-painter-facts]").textContent = `${width} × ${height} · ${share}`;
    find(this.root, "[data-painter-zoom]").textContent = `${Math.round(this.surface.view.scale * devicePixelRatio * 100)} %`;
    for (const [name, none] of [["undo", this.sheet.marks.length === 0], ["redo", this.sheet.undone.length === 0]] as const) {
      find(this.root, `[data-painter="${name}"]`).setAttribute("aria-disabled", String(none)); // focus stays on it
    }
    return share;
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.keep(), patience) as unknown as number;
  }

  private async keep(): Promise<void> {
    clearTimeout(this.timer);
    if (this.key === "") return;
    const { size, marks, undone } = this.sheet;
    await keep({ key: this.key, size, marks: [...marks], undone, feather: this.settings.feather, given: this.given, at: Date.now() });
  }

  private typed(event: KeyboardEvent, actions: Actions): void {
    event.stopPropagation(); // the page's own keys rest meanwhile
    if ((event.target as HTMLElement).matches('input[type="range"]') && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (shortcut(event, actions)) event.preventDefault();
  }

  /** escape first takes back what is being drawn. */
  private escape(event: Event): void {
    if (!this.draft.busy) return;
    event.preventDefault();
    this.surface.cancel();
    this.keyHand.lift();
  }

  private clicked(event: MouseEvent, actions: Record<string, unknown>): void {
    const target = event.target as HTMLElement;
    const button = target.closest<HTMLElement>("[data-painter]");
    const action = button && actions[button.dataset.painter!];
    if (typeof action === "function" && button!.ariaDisabled !== "true") action();
    const byHand = event.detail > 0 && (button || target.matches('input[type="radio"]'));
    if (byHand && this.root.open && button?.dataset.painter !== "keys") this.surface.root.focus({ preventScroll: true }); // so that space pans
  }

  private pasted(event: ClipboardEvent): void {
    event.stopPropagation();
    this.loadFirst(event.clipboardData);
  }

  private dropped(event: DragEvent): void {
    event.stopPropagation();
    event.preventDefault();
    this.loadFirst(event.dataTransfer);
  }

  private loadFirst(data: DataTransfer | null): void {
    const file = [...(data?.files ?? [])].find((f) => f.type.startsWith("image/"));
    if (file) void this.load(file);
  }

  private more(): void {
    const open = this.root.toggleAttribute("data-more");
    find(this.root, '[data-painter="more"]').setAttribute("aria-expanded", String(open));
  }

  private note(text: string): void {
    const note = find(this.root, "[data-painter-note]");
    note.textContent = text;
    note.hidden = text === "";
  }

  private say(text: string, after = 0): void {
    clearTimeout(this.speech);
    this.speech = setTimeout(() => (find(this.root, "[data-painter-live]").textContent = text), after) as unknown as number;
  }
}

async function shown(blob: Blob): Promise<HTMLImageElement> {
  const image = new Image();
  image.alt = "";
  image.draggable = false;
  image.src = URL.createObjectURL(blob);
  await image.decode().catch(() => {
    throw new NotReadable("The picture cannot be read, so there is nothing to paint on.");
  });
  return image;
}

const sameSize = (a: Extent, b: Extent): boolean => a.width === b.width && a.height === b.height;

