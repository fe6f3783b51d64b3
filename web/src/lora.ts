// The LoRA group: files at hand, what is inside of them, and their trigger words.
import { find, maybe, part } from "./dom.ts";
import type { Form } from "./form.ts";
import { withWord } from "./lora-words.ts";
import type { Applied } from "./types.ts";

const kept = "easel.loras"; // names and addresses used last
const mostKept = 6;
const mostUnmatched = 8; // keys that a card names
const patience = 1000; // milliseconds until an engine that is being readied is asked again

/** Card is a LoRA file's report, as the server reads it. */
export interface Card {
  file: string;
  format: string;
  base?: string;
  keys: number;
  matched: number;
  layers: number;
  min_rank: number;
  max_rank: number;
  unmatched?: string[];
  blocks?: string[];
  trigger_words?: string[];
}

const isCard = (value: unknown): value is Card => typeof (value as Card | null)?.file === "string" && typeof (value as Card).keys === "number";

export class LoRAs {
  private names: string[] = [];
  private shown = ""; // the extra LoRA whose card is on show
  private readonly panel: HTMLElement;
  private readonly address: HTMLInputElement;

  constructor(private readonly form: Form) {
    this.panel = find(form.root, "[data-lora]");
    this.address = find(form.root, '[name="extra_lora"]');
    const upload = find<HTMLInputElement>(this.panel, "[data-lora-upload] input");
    upload.addEventListener("change", () => void this.upload(upload));
    form.addEventListener("change", () => void this.follow());
    form.addEventListener("run", () => this.remember(form.values.extra_lora ?? ""));
    void this.list();
  }

  /** applied shows the cards of the adapters that a run used. */
  applied(list: Applied[]): void {
    for (const { source, report } of list) {
      if (!isCard(report)) continue;
      if (source === "main") this.card("main", report);
      else if (this.address.value.trim()) this.card("extra", report);
    }
  }

  private async list(): Promise<void> {
    const answer = await ask("/loras");
    if (answer.status === 202) return void setTimeout(() => void this.list(), patience);
    const { names, upload, main } = (answer.body ?? {}) as { names?: unknown; upload?: unknown; main?: unknown };
    if (Array.isArray(names)) this.names = names.map(String);
    find(this.panel, "[data-lora-upload]").hidden = upload !== true;
    if (isCard(main)) this.card("main", main);
    find(this.form.root, "[data-lora-none]").hidden = main !== null;
    this.chips();
    this.panel.hidden = false;
    await this.follow();
  }

  /** chips offer what was used last, then the other files in the server's folder. */
  private chips(): void {
    const last = recent();
    this.offer("recent", last);
    this.offer("names", this.names.filter((name) => !last.includes(name)));
  }

  private offer(which: string, names: string[]): void {
    const row = find(this.panel, `[data-lora-chips="${which}"]`);
    row.parentElement!.hidden = names.length === 0;
    row.replaceChildren(...names.map((name) => {
      const chip = part<HTMLButtonElement>("chip");
      chip.textContent = name;
      chip.setAttribute("aria-pressed", String(name === this.address.value.trim()));
      chip.addEventListener("click", () => this.form.fill({ extra_lora: name === this.address.value.trim() ? "" : name }));
      return chip;
    }));
  }

  private async follow(): Promise<void> {
    const name = this.address.value.trim();
    if (name === this.shown) return;
    this.shown = name;
    this.chips();
    this.card("extra", null);
    this.say("");
    if (!this.names.includes(name.replace(/\.safetensors$/, ""))) return;
    const { ok, body } = await ask(`/loras/${encodeURIComponent(name)}`);
    if (this.shown !== name) return;
    if (ok && isCard(body)) this.card("extra", body);
    else this.say(detail(body));
  }

  private card(which: string, card: Card | null): void {
    const place = find(this.form.root, `[data-lora-card="${which}"]`);
    place.hidden = card === null;
    if (!card) return;
    const rank = card.min_rank === card.max_rank ? `${card.max_rank}` : `${card.min_rank} to ${card.max_rank}`;
    const match = find(place, "[data-match]");
    const [missed, all] = [card.keys - card.matched, card.matched === card.keys];
    match.textContent = all ? `${card.file}: all ${card.keys} keys matched` : `${card.file}: ${missed} of ${card.keys} keys not matched, which do nothing`;
    match.toggleAttribute("data-part", !all);
    const facts: Record<string, string> = {
      file: card.file, format: card.base ? `${card.format}, for ${card.base}` : card.format,
      keys: all ? `${card.keys}, all matched` : `${card.matched} of ${card.keys} matched`, "not matched": few(card.unmatched ?? []),
      layers: String(card.layers), rank, blocks: (card.blocks ?? []).join("; "),
    };
    for (const [name, value] of Object.entries(facts)) {
      const fact = find(place, `[data-fact="${name}"]`);
      fact.textContent = value;
      fact.hidden = (fact.previousElementSibling as HTMLElement).hidden = value === "";
    }
    const words = (card.trigger_words ?? []).map((word) => {
      const chip = part<HTMLButtonElement>("chip");
      chip.textContent = word;
      chip.setAttribute("aria-label", `Put ${word} into the prompt`);
      chip.addEventListener("click", () => this.form.fill({ prompt: withWord(this.form.values.prompt ?? "", word) }));
      return chip;
    });
    find(place, "[data-words]").replaceChildren(...words);
    find(place, "[data-words-row]").hidden = words.length === 0;
  }

  private async upload(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    this.say(`Sending ${file.name}…`);
    const name = file.name.replace(/\.safetensors$/, "");
    const { ok, body } = await send(`/loras/${encodeURIComponent(name)}`, file, (tenths) => this.say(`Sending ${file.name}… ${tenths * 10} %`));
    this.say(ok ? "" : detail(body));
    if (!ok) return;
    this.names.push(name);
    this.form.fill({ extra_lora: name });
  }

  private remember(address: string): void {
    if (!address.trim()) return;
    localStorage.setItem(kept, JSON.stringify([...new Set([address.trim(), ...recent()])].slice(0, mostKept)));
    this.chips();
  }

  private say(text: string): void {
    const line = find(this.panel, "[data-lora-said]");
    line.textContent = text;
    line.hidden = text === "";
  }
}

/** few names the first ones of a list, and counts the others. */
const few = (keys: string[]): string => [...keys.slice(0, mostUnmatched), ...(keys.length > mostUnmatched ? [`and ${keys.length - mostUnmatched} more`] : [])].join(", ");

function recent(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(kept) ?? "[]");
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

async function ask(path: string, request: RequestInit = {}): Promise<{ ok: boolean; status: number; body: unknown }> {
  const answer = await fetch(path, request).catch(() => null);
  return { ok: answer?.ok ?? false, status: answer?.status ?? 0, body: answer ? await answer.json().catch(() => null) : null };
}

/** send uploads a file, which may be gigabytes, and tells each tenth that is there: fetch tells none. */
function send(path: string, file: File, there: (tenths: number) => void): Promise<{ ok: boolean; body: unknown }> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let told = 0;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const tenths = Math.floor((10 * loaded) / total);
      if (tenths > told) there((told = tenths));
    });
    request.addEventListener("loadend", () => resolve({ ok: request.status === 201, body: request.response }));
    request.responseType = "json";
    request.open("POST", path);
    request.send(file);
  });
}

const detail = (body: unknown): string => String((body as { detail?: unknown } | null)?.detail ?? "The server cannot be reached.");

/** loras starts the panel, where the form has one. */
export const loras = (form: Form): LoRAs | null => (maybe(form.root, "[data-lora]") ? new LoRAs(form) : null);
