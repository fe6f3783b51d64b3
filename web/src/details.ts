// The tabs beside the picture: the prediction as JSON, its log, where its
// seconds went, and what was ignored or changed.
import { find, part } from "./dom.ts";
import { seconds } from "./progress.ts";
import { Tabs } from "./tabs.ts";
import type { Prediction } from "./types.ts";

const maxShown = 20_000; // characters of one value, such as a picture's bytes

export class Details {
  private readonly tabs: Tabs;

  constructor(private readonly root: HTMLElement) {
    this.tabs = new Tabs(find(root, "[data-tabs]"));
  }

  /** clear makes ready for a new run, and shows its picture. */
  clear(): void {
    this.tabs.choose("picture");
    for (const place of ["[data-out-json]", "[data-log]", "[data-timings]"]) find(this.root, place).replaceChildren();
    this.warn([]);
  }

  log(text: string): void {
    const log = find(this.root, "[data-log]");
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    log.textContent = text;
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  show(prediction: Prediction): void {
    find(this.root, "[data-out-json]").textContent = JSON.stringify(prediction, shortened, 2);
    find(this.root, "[data-log]").textContent = prediction.logs;
    this.timings(prediction.easel?.timings ?? {});
    this.warn(prediction.easel?.warnings ?? []);
  }

  /** open shows a tab and goes there. */
  open(name: string): void {
    this.tabs.choose(name);
    find(this.root, `[data-tab="${name}"]`).focus();
  }

  private warn(warnings: string[]): void {
    const rows = warnings.map((warning) => {
      const row = part("warning");
      row.textContent = warning;
      return row;
    });
    find(this.root, "[data-warnings]").replaceChildren(...rows);
    const count = find(this.root, "[data-warning-count]");
    count.textContent = String(rows.length);
    count.hidden = rows.length === 0;
  }

  /** Steps hold the previews; the rest adds up to the total. */
  private timings(parts: Record<string, number>): void {
    const total = parts.total ?? 0;
    const rows = Object.entries(parts).map(([name, value]) => {
      const row = part("timing");
      find(row, "dt").textContent = name === "preview" ? "previews, in steps" : name;
      find<HTMLProgressElement>(row, "progress").value = total > 0 ? value / total : 0;
      find(row, "span").textContent = seconds(value);
      return row;
    });
    find(this.root, "[data-timings]").replaceChildren(...rows);
  }
}

const shortened = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.length > maxShown ? `${value.slice(0, 60)}… (${value.length} characters)` : value;
