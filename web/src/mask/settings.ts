// The tools' controls and what they are set to, remembered between visits.
import { all, find } from "../dom.ts";
import type { Tip, Tool } from "./mark.ts";

const kept = "easel.painter";
type Range = "size" | "hardness" | "feather" | "opacity";
const largest = 512; // pixels across

/** sizeAt spreads 1 to 512 pixels over the slider's 0 to 100 so that small sizes are easy to hit. */
export const sizeAt = (value: number): number => Math.max(1, Math.round(largest ** (value / 100)));

const words: Record<Range, (value: number) => string> = {
  size: (v) => `${sizeAt(v)} px`,
  hardness: (v) => `${v} %`,
  feather: (v) => `${v} px`,
  opacity: (v) => `${v} %`,
};

export class Settings {
  private readonly ranges: Record<Range, HTMLInputElement>;

  constructor(private readonly root: HTMLElement, private readonly changed: () => void) {
    const range = (name: Range) => find<HTMLInputElement>(root, `[data-painter-range="${name}"]`);
    this.ranges = { size: range("size"), hardness: range("hardness"), feather: range("feather"), opacity: range("opacity") };
    for (const [name, value] of Object.entries(remembered())) if (name in this.ranges) this.ranges[name as Range].value = value;
    root.addEventListener("input", () => this.apply());
    this.paint();
  }

  get tool(): Tool {
    return find<HTMLInputElement>(this.root, '[name="painter-tool"]:checked').value as Tool;
  }

  get erase(): boolean {
    return find<HTMLInputElement>(this.root, '[name="painter-mode"][value="erase"]').checked;
  }

  get tip(): Tip {
    return { size: sizeAt(this.value("size")), hardness: this.value("hardness") / 100 };
  }

  get opacity(): number {
    return this.value("opacity") / 100;
  }

  get feather(): number {
    return this.value("feather");
  }

  set feather(pixels: number) {
    this.ranges.feather.value = String(pixels);
    this.paint();
  }

  /** choose takes a tool by its usual name: an eraser is a brush that erases. */
  choose(name: Tool | "eraser"): void {
    this.check("painter-tool", name === "eraser" ? "brush" : name);
    if (name === "brush" || name === "eraser") this.check("painter-mode", name === "eraser" ? "erase" : "paint");
    this.apply();
  }

  swap(): void {
    this.check("painter-mode", this.erase ? "paint" : "erase");
    this.apply();
  }

  step(name: "size" | "hardness", by: number): void {
    const range = this.ranges[name];
    range.value = String(this.value(name) + by);
    this.apply();
  }

  private value(name: Range): number {
    return Number(this.ranges[name].value);
  }

  private check(name: string, value: string): void {
    find<HTMLInputElement>(this.root, `[name="${name}"][value="${value}"]`).checked = true;
  }

  private apply(): void {
    this.paint();
    const { feather: _, ...mine } = Object.fromEntries(Object.entries(this.ranges).map(([name, range]) => [name, range.value])); // feather belongs to the mask
    try {
      localStorage.setItem(kept, JSON.stringify(mine));
    } catch {
      // a full or forbidden store: the settings last as long as the page
    }
    this.changed();
  }

  private paint(): void {
    for (const [name, range] of Object.entries(this.ranges)) {
      const text = words[name as Range](Number(range.value));
      range.style.setProperty("--fill", `${((Number(range.value) - Number(range.min)) / (Number(range.max) - Number(range.min))) * 100}%`);
      range.setAttribute("aria-valuetext", text);
      find(this.root, `[data-painter-value="${name}"]`).textContent = text;
    }
    for (const element of all(this.root, "[data-painter-tip]")) element.hidden = this.tool !== "brush";
  }
}

function remembered(): Record<string, string> {
  try {
    const values: unknown = JSON.parse(localStorage.getItem(kept) ?? "{}");
    return typeof values === "object" && values !== null ? (values as Record<string, string>) : {};
  } catch {
    return {};
  }
}

