// The form: what its controls hold, what is wrong with it, and what is void.
import { all, find, maybe } from "./dom.ts";
import { check, pictureSize, toInput, voided, type Values } from "./input.ts";
import { described, isAttached } from "./json.ts";
import { recall } from "./keep.ts";
import { Picture, pasted } from "./picture.ts";
import type { Input, Settings, Size } from "./types.ts";
import { dice, lock, slider } from "./widgets.ts";

const kept = "easel.form"; // where the values live between visits

export class Form extends EventTarget {
  private readonly pictures: Picture[];
  private stepsTouched = false;

  constructor(readonly root: HTMLFormElement, private readonly settings: Settings) {
    super();
    this.pictures = all(root, "[data-picture]").map((e) => new Picture(e, () => this.chosen(e), (name, why) => this.show({ [name]: why })));
    all<HTMLInputElement>(root, "[data-slider]").forEach(slider);
    all<HTMLButtonElement>(root, "[data-dice]").forEach(dice);
    all<HTMLButtonElement>(root, "[data-lock]").forEach(lock);
    root.addEventListener("input", (event) => this.edited(event.target as HTMLInputElement));
    root.addEventListener("change", ({ target }) => (target as HTMLInputElement).type === "file" || this.recheck(target as HTMLElement, true)); // a file speaks for itself once it is read
    root.addEventListener("reset", () => setTimeout(() => this.reset()));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    document.addEventListener("paste", (event) => pasted(event, this.pictures));
    document.addEventListener("dragover", (event) => event.preventDefault()); // a missed drop must not leave the page
    document.addEventListener("drop", (event) => event.preventDefault());
    const sends = new URLSearchParams(location.search);
    if (!["p", "prompt", "share"].some((name) => sends.has(name))) {
      this.fill(remembered());
      for (const picture of this.pictures) void recall(picture.name).then((file) => (picture.value ? undefined : picture.take(file ?? undefined)));
    }
    this.update();
  }

  /** values are the controls' texts by field name. */
  get values(): Values {
    const data = new FormData(this.root);
    const values: Values = {};
    for (const field of this.settings.fields) {
      const texts = data.getAll(field.name).filter((v) => typeof v === "string");
      values[field.name] = texts.at(-1) ?? (field.type === "boolean" ? "false" : "");
    }
    for (const picture of this.pictures) values[picture.name] = picture.value;
    return values;
  }

  get input(): Input {
    return toInput(this.values, this.settings.fields);
  }

  /** files are the names of the chosen files, by input. */
  get files(): Record<string, string> {
    const input = this.input;
    return Object.fromEntries(this.pictures.filter((p) => p.fileName && p.name in input).map((p) => [p.name, p.fileName]));
  }

  /** plain is the input without the files' bytes. */
  get plain(): Input {
    return Object.fromEntries(Object.entries(this.input).filter(([name]) => !(name in this.files)));
  }

  /** described is the input as the JSON tab shows it. */
  get described(): Input {
    return described(this.plain, this.files);
  }

  /** apply takes values of every field, from JSON. */
  apply(values: Values): void {
    for (const picture of this.pictures) {
      const value = values[picture.name] ?? "";
      if (!isAttached(value)) picture.set(value);
    }
    this.stepsTouched = true;
    this.fill(Object.fromEntries(Object.entries(values).filter(([name]) => !this.pictures.some((p) => p.name === name))));
  }

  /** refill sets every field: to these values, or to its default. */
  refill(values: Values): void {
    this.apply({ ...Object.fromEntries(this.settings.fields.map((f) => [f.name, String(f.default ?? "")])), ...values });
    this.show({});
  }

  /** startFrom takes a picture of this server as the one to start from. */
  startFrom(address: string): void {
    const [first] = this.pictures;
    first?.set(address);
    first?.reveal();
  }

  /** picture is the place for the picture of that name. */
  picture(name: string): Picture | undefined {
    return this.pictures.find((p) => p.name === name);
  }

  get size(): Size {
    return pictureSize(this.values, this.settings.sizes);
  }

  /** fill sets controls to values; those not named keep theirs. */
  fill(values: Values): void {
    for (const [name, value] of Object.entries(values)) {
      for (const control of all<HTMLInputElement>(this.root, `[name="${name}"]`)) {
        if (control.type === "file") continue;
        if (control.type === "radio" || control.type === "checkbox") control.checked = control.value === value;
        else control.value = value;
        control.dispatchEvent(new Event("paint"));
      }
    }
    this.update();
  }

  submit(): void {
    const problems = check(this.values, this.settings);
    this.show(problems);
    if (Object.keys(problems).length > 0) return this.focusProblem();
    this.dispatchEvent(new Event("run"));
  }

  /** show puts each problem at its field, opening the group it stands in. */
  show(problems: Record<string, string>): void {
    for (const field of all(this.root, "[data-field]")) {
      const problem = problems[field.dataset.field!] ?? "";
      mark(field, problem);
      const group = field.closest("details");
      if (problem && group) group.open = true;
    }
  }

  focusProblem(): void {
    maybe(this.root, '[aria-invalid="true"]')?.focus();
  }

  private edited(control: HTMLInputElement): void {
    if (control.name === "num_inference_steps") this.stepsTouched = true;
    if (control.name === "model") this.offerSteps(control.value);
    this.recheck(control);
    this.update();
  }

  private chosen(picture: HTMLElement): void {
    this.recheck(picture);
    this.update();
  }

  /** recheck takes back what is said at a field once it is mended; left tells it of a field that somebody is done with. */
  private recheck(control: HTMLElement, left = false): void {
    const field = control.closest<HTMLElement>("[data-field]");
    if (field && (left || !find(field, "[data-error]").hidden)) mark(field, check(this.values, this.settings)[field.dataset.field!] ?? "");
  }

  /** schnell draws in 4 steps; whoever set the number keeps it. */
  private offerSteps(model: string): void {
    if (this.stepsTouched) return;
    const usual = this.settings.fields.find((f) => f.name === "num_inference_steps")?.default;
    this.fill({ num_inference_steps: model === "schnell" ? "4" : String(usual) });
  }

  private reset(): void {
    this.stepsTouched = false;
    this.pictures.forEach((picture) => picture.clear());
    const defaults: Values = {};
    for (const field of this.settings.fields) defaults[field.name] = String(field.default ?? "");
    this.fill(defaults);
    this.show({});
    find(this.root, "textarea").focus();
  }

  private update(): void {
    const values = this.values;
    const reasons = voided(values);
    for (const field of all(this.root, "[data-field]")) {
      const reason = reasons[field.dataset.field!] ?? "";
      const note = find(field, "[data-void-note]");
      field.toggleAttribute("data-void", reason !== "");
      note.textContent = reason;
      note.hidden = reason === "";
    }
    for (const pixels of all(this.root, "[data-pixels]")) {
      const size = this.settings.sizes[values.megapixels || "1"]?.[pixels.dataset.pixels!];
      if (size) pixels.textContent = size.join("×");
    }
    this.gists(values);
    localStorage.setItem(kept, JSON.stringify(storable(values)));
    this.dispatchEvent(new Event("change"));
  }

  /** A closed group tells its choices, and what else somebody set. */
  private gists(values: Values): void {
    for (const group of all(this.root, "[data-group]")) {
      const words = all(group, "[data-field]").map((field) => this.word(field.dataset.field!, values));
      find(group, "[data-gist]").textContent = words.filter(Boolean).join(" · ");
    }
  }

  private word(name: string, values: Values): string {
    const field = this.settings.fields.find((f) => f.name === name);
    const value = values[name] ?? "";
    if (field?.enum) return value;
    if (!field || value === "" || value === String(field.default) || name in voided(values)) return "";
    if (field.format === "uri" || field.type === "boolean") return field.label;
    return field.type === "string" ? value : `${field.label} ${value}`;
  }
}

/** mark says what is wrong with a field; "" takes it back. */
function mark(field: HTMLElement, problem: string): void {
  const line = find(field, "[data-error]");
  line.textContent = problem;
  line.hidden = problem === "";
  all(field, "input, textarea, select").forEach((c) => (problem ? c.setAttribute("aria-invalid", "true") : c.removeAttribute("aria-invalid")));
}

/** Pictures are too large to keep here. */
function storable(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !value.startsWith("data:")));
}

function remembered(): Values {
  try {
    const values: unknown = JSON.parse(localStorage.getItem(kept) ?? "{}");
    return typeof values === "object" && values !== null ? (values as Values) : {};
  } catch {
    return {};
  }
}
