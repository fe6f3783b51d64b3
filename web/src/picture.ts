// The place where a picture is chosen, dropped, pasted or named by its address.
import { find } from "./dom.ts";
import { drop, keep } from "./keep.ts";
import { pictureAt } from "./link.ts";
import { shrink } from "./shrink.ts";

export class Picture {
  readonly name: string;
  private data = ""; // the chosen file as a data URI; "" when none
  private turn = 0; // of the picture asked for last
  private readonly file: HTMLInputElement;
  private readonly address: HTMLInputElement;
  private readonly empty: Node[];

  constructor(private readonly root: HTMLElement, private readonly changed: () => void, private readonly refuse: (name: string, why: string) => void) {
    this.name = root.dataset.picture!;
    this.file = find(root, 'input[type="file"]');
    this.address = find(root, "[data-address]");
    this.empty = ["[data-thumb]", "[data-name]", "[data-detail]"].map((part) => find(root, part).cloneNode(true));
    const drop = find(root, "[data-drop]");
    this.file.addEventListener("change", () => void this.take(this.file.files?.[0]));
    this.address.addEventListener("input", () => this.address.value && this.forget());
    find(root, "[data-clear]").addEventListener("click", () => this.clear());
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, () => (drop.dataset.over = ""));
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => delete drop.dataset.over);
    drop.addEventListener("drop", (event) => this.dropped(event));
  }

  /** value is what the request carries: the file's bytes, or an address. */
  get value(): string {
    return this.data || this.address.value.trim();
  }

  /** fileName is the chosen file's; "" when there is none. */
  get fileName(): string {
    return this.data ? (find(this.root, "[data-name]").textContent ?? "") : "";
  }

  /** set names a picture by its address. */
  set(address: string): void {
    this.address.value = address;
    this.forget();
  }

  /** reveal opens the group that this place stands in, and goes there. */
  reveal(): void {
    const group = this.root.closest("details");
    if (group) group.open = true;
    this.file.focus();
  }

  /** take shows a file and keeps its bytes; what is too large for a server is made smaller first. */
  async take(file: File | undefined): Promise<void> {
    if (!file) return;
    if (!file.type.startsWith("image/")) {
      this.file.value = ""; // the same name may be chosen again
      return this.refuse(this.name, `${file.name} is not a picture`);
    }
    const turn = ++this.turn;
    this.detail("Reading…");
    const img = new Image();
    img.className = "drop-thumb";
    img.alt = "";
    img.dataset.thumb = "";
    img.src = URL.createObjectURL(file);
    try {
      await img.decode();
      const small = await shrink(file, [img.naturalWidth, img.naturalHeight]);
      const data = await dataURI(small.file);
      if (turn !== this.turn) return; // another was chosen meanwhile
      this.show(small.file, data, small.notice, img);
    } catch {
      this.forget();
      this.refuse(this.name, `${file.name} cannot be read as a picture`);
    }
  }

  private show(file: File, data: string, notice: string, img: HTMLImageElement): void {
    this.data = data;
    this.address.value = "";
    find(this.root, "[data-thumb]").replaceWith(img);
    find(this.root, "[data-name]").textContent = file.name || "Pasted picture";
    const size = /to (\d+×\d+)/.exec(notice)?.[1] ?? `${img.naturalWidth}×${img.naturalHeight}`;
    this.detail(size);
    find(this.root, "[data-clear]").hidden = false;
    this.say(notice);
    if (!this.painted(file)) void keep(this.name, file);
    this.changed();
    this.root.dispatchEvent(new CustomEvent("chosen", { detail: file, bubbles: true }));
  }

  /** The painter keeps its masks itself, as marks. */
  private painted(file: File): boolean {
    return this.name === "mask" && file.name === "mask.png";
  }

  private detail(text: string): void {
    find(this.root, "[data-detail]").textContent = text;
  }

  private say(notice: string): void {
    const line = find(this.root, "[data-notice]");
    line.textContent = notice;
    line.hidden = notice === "";
  }

  clear(): void {
    this.address.value = "";
    this.forget();
  }

  private forget(): void {
    this.turn++;
    this.data = "";
    void drop(this.name);
    this.say("");
    find(this.root, "[data-offer]").hidden = true;
    this.file.value = "";
    find(this.root, "[data-clear]").hidden = true;
    const shown = ["[data-thumb]", "[data-name]", "[data-detail]"].map((part) => find(this.root, part));
    shown.forEach((element, i) => element.replaceWith(this.empty[i]!.cloneNode(true)));
    this.changed();
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    if (event.dataTransfer) void this.receive(event.dataTransfer);
  }

  /** receive takes what was dragged: a file, or from another tab the address of a picture. It says whether there was one. */
  async receive(dragged: DataTransfer): Promise<boolean> {
    const [file] = dragged.files;
    if (file) {
      await this.take(file);
      return true;
    }
    const address = await pictureAt(dragged.getData("text/uri-list"));
    if (address) this.set(address);
    return address !== "";
  }
}

function dataURI(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** pasted hands a picture on the clipboard to the first place for one. */
export function pasted(event: ClipboardEvent, pictures: Picture[]): void {
  const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
  const [first] = pictures;
  if (!file || !first) return;
  event.preventDefault();
  first.reveal();
  void first.take(file);
}
