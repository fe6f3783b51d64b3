// A row of tabs and their panels. Without script there is no row, and the
// first panel is all there is.
import { all } from "./dom.ts";

export class Tabs extends EventTarget {
  private readonly tabs: HTMLElement[];
  private readonly panels: HTMLElement[];
  chosen: string;

  /** root is the row; its panels stand in the element around it. */
  constructor(root: HTMLElement) {
    super();
    this.tabs = all(root, "[data-tab]");
    this.panels = all(root.parentElement!, "[data-panel]");
    this.chosen = this.tabs[0]!.dataset.tab!;
    root.setAttribute("role", "tablist");
    for (const tab of this.tabs) {
      const panel = this.panel(tab.dataset.tab!);
      panel.id ||= `panel-${tab.dataset.tab}`;
      tab.id ||= `tab-${tab.dataset.tab}`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => this.choose(tab.dataset.tab!));
      tab.addEventListener("keydown", (event) => this.move(event, tab));
    }
    root.hidden = false;
    this.choose(this.chosen);
  }

  choose(name: string): void {
    this.chosen = name;
    for (const tab of this.tabs) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      this.panel(tab.dataset.tab!).hidden = !on;
    }
    this.dispatchEvent(new Event("change"));
  }

  private panel(name: string): HTMLElement {
    return this.panels.find((p) => p.dataset.panel === name)!;
  }

  private move(event: KeyboardEvent, from: HTMLElement): void {
    const shown = this.tabs.filter((tab) => !tab.hidden);
    const at = shown.indexOf(from);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = shown.at(to % shown.length)!;
    tab.focus();
    this.choose(tab.dataset.tab!);
  }
}
