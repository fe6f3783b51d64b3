// The slider that looks back at each step's preview, once a run has ended.
import { find } from "./dom.ts";
import type { Stage } from "./stage.ts";

export class Scrub {
  private readonly row: HTMLElement;
  private readonly range: HTMLInputElement;
  private readonly step: HTMLOutputElement;

  constructor(root: HTMLElement, private readonly stage: Stage) {
    this.row = find(root, "[data-scrub]");
    this.range = find(root, "[data-scrub-range]");
    this.step = find(root, "[data-scrub-step]");
    this.range.addEventListener("input", () => this.look());
  }

  hide(): void {
    this.row.hidden = true;
  }

  show(): void {
    if (this.stage.moments < 2) return;
    this.range.max = String(this.stage.moments + 1);
    this.range.value = this.range.max;
    this.row.hidden = false;
    this.look();
  }

  private look(): void {
    const [now, last] = [Number(this.range.value), Number(this.range.max)];
    const step = this.stage.look(now);
    this.step.value = now === last || step === null ? "The picture" : `Step ${step}`;
    this.range.setAttribute("aria-valuetext", this.step.value);
    this.range.style.setProperty("--fill", `${((now - 1) / Math.max(1, last - 1)) * 100}%`);
  }
}
