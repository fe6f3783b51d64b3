// The history: what is done to predictions in place, and by keyboard.
import { all, find, maybe, part } from "./dom.ts";
import { follow } from "./history_live.ts";
import { Scroll } from "./history_scroll.ts";

const undoFor = 15_000; // milliseconds; the server waits longer, so that an undo never comes too late

export class Gallery {
  private readonly list: HTMLElement;
  private readonly live = find(document, "[data-live]");

  constructor(private readonly form: HTMLFormElement) {
    this.list = find(form, "[data-gallery]");
    maybe(document, "[data-going]")?.remove(); // its undo is for those without script, and it tells of other windows too
    new Scroll(form, this.list, () => this.grown());
    follow(this.list, () => this.grown());
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("change", () => this.count());
    form.addEventListener("reset", () => setTimeout(() => this.count()));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => this.stand(tileOf(event.target)));
    document.addEventListener("keydown", (event) => {
      if (event.key === "?" && !(event.target as Element).closest("input, dialog")) find<HTMLDialogElement>(document, "[data-keys]").showModal();
      if (event.key !== "/" || (event.target as Element).closest("input, dialog")) return;
      event.preventDefault();
      find(document, '[name="q"]').focus();
    });
    for (const filter of all<HTMLSelectElement>(document, "[data-filters] :is(select, [type=checkbox])")) {
      filter.addEventListener("change", () => filter.form!.requestSubmit());
    }
    this.grown();
    this.count();
  }

  private get tiles(): HTMLElement[] {
    return all(this.list, "[data-tile]:not([hidden])");
  }

  private get picked(): HTMLElement[] {
    return this.tiles.filter((tile) => pick(tile).checked);
  }

  /** One tile is in the order of Tab; arrows lead to the others. */
  private grown(): void {
    const standing = maybe(this.list, "[data-standing]") ?? this.tiles[0];
    for (const tile of this.tiles) if (tile !== standing) reach(tile, false);
    if (standing) this.stand(standing);
  }

  private stand(tile: HTMLElement | null): void {
    if (!tile) return;
    const before = maybe(this.list, "[data-standing]");
    if (before && before !== tile) {
      delete before.dataset.standing;
      reach(before, false);
    }
    tile.dataset.standing = "";
    reach(tile, true);
  }

  private count(): void {
    const n = this.picked.length;
    find(this.form, "[data-count]").textContent = n === 1 ? "1 selected" : `${n} selected`;
    find(this.form, "[data-compare-picked]").hidden = n > 2;
  }

  private submitted(event: SubmitEvent): void {
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.matches("[data-compare-picked]")) return; // a page to go to
    event.preventDefault();
    if (button?.matches("[data-star]")) return void this.star([tileOf(button)!], button.name === "star");
    if (button?.matches("[data-delete-one]")) return void this.remove([tileOf(button)!]);
    const tiles = this.picked;
    if (button?.value === "star") void this.star(tiles, true);
    if (button?.value === "delete") void this.remove(tiles);
  }

  private async star(tiles: HTMLElement[], on: boolean): Promise<void> {
    if (tiles.length === 0 || !(await this.post(on ? "star" : "unstar", tiles))) return;
    for (const tile of tiles) {
      const button = find<HTMLButtonElement>(tile, "[data-star]");
      button.name = on ? "unstar" : "star";
      button.setAttribute("aria-pressed", String(on));
    }
    this.live.textContent = on ? "Starred" : "Star taken away";
  }

  /** remove hides at once; the server deletes when it is too late to undo. */
  private async remove(tiles: HTMLElement[]): Promise<void> {
    if (tiles.length === 0) return;
    const next = this.beside(tiles);
    if (!(await this.post("delete", tiles))) return;
    for (const tile of tiles) {
      pick(tile).checked = false;
      tile.hidden = true;
    }
    this.count();
    this.focus(next);
    const note = this.note(tiles.length === 1 ? "Deleted." : `${tiles.length} deleted.`);
    const undo = find<HTMLButtonElement>(note, "[data-undo]");
    const over = setTimeout(() => {
      note.remove();
      for (const tile of tiles) tile.remove();
    }, undoFor);
    undo.addEventListener("click", async () => {
      clearTimeout(over);
      note.remove();
      if (!(await this.post("restore", tiles))) return;
      for (const tile of tiles) tile.hidden = false;
      this.focus(tiles[0]);
      this.live.textContent = "Kept after all";
    });
  }

  private note(text: string): HTMLElement {
    const note = part("undo");
    find(note, "[data-said]").textContent = text;
    maybe(document, ".undo")?.classList.add("undo-older");
    document.body.append(note);
    return note;
  }

  private async post(what: string, tiles: HTMLElement[]): Promise<boolean> {
    const body = new URLSearchParams({ do: what });
    for (const tile of tiles) body.append("id", tile.dataset.tile!);
    const answer = await fetch("/history", { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok) return true;
    const note = this.note(answer?.status === 410 ? "Too late: that is deleted already." : "That did not work. Is the server there?");
    find(note, "[data-undo]").remove();
    setTimeout(() => note.remove(), 4000);
    return false;
  }

  /** beside is the tile to stand on once these are gone. */
  private beside(gone: HTMLElement[]): HTMLElement | undefined {
    const tiles = this.tiles;
    const after = tiles.indexOf(gone.at(-1)!) + 1;
    return tiles.slice(after).find((t) => !gone.includes(t)) ?? tiles.slice(0, after).reverse().find((t) => !gone.includes(t));
  }

  private focus(tile: HTMLElement | undefined): void {
    if (tile) find(tile, "[data-open]").focus();
  }

  private key(event: KeyboardEvent): void {
    const tile = tileOf(event.target);
    if (!tile || event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("[popover]")) return;
    const tiles = this.tiles;
    const at = tiles.indexOf(tile);
    const row = columns(tiles);
    const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: tiles.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) this.focus(tiles[to]);
    else if (event.key === "x") pick(tile).click();
    else if (event.key === "s") find(tile, "[data-star]").click();
    else if (event.key === "Delete") void this.remove(this.picked.length > 0 ? this.picked : [tile]);
    else if (event.key === "Escape" && this.picked.length > 0) this.form.reset();
    else return;
    event.preventDefault();
  }
}

const tileOf = (target: EventTarget | null): HTMLElement | null => (target as Element | null)?.closest<HTMLElement>("[data-tile]") ?? null;

const pick = (tile: HTMLElement): HTMLInputElement => find(tile, "[data-pick]");

function reach(tile: HTMLElement, on: boolean): void {
  for (const control of all(tile, ":scope > a, :scope > button, :scope > input")) control.tabIndex = on ? 0 : -1;
}

/** columns is how many tiles stand beside each other. */
function columns(tiles: HTMLElement[]): number {
  const below = tiles.findIndex((tile) => tile.offsetTop > tiles[0]!.offsetTop);
  return below < 0 ? tiles.length : below;
}
