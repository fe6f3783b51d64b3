// Endless scroll: the next page's tiles come when the end is near, and whoever
// comes back finds the same tiles at the same place.
import { all, find, maybe } from "./dom.ts";

const early = "1200px"; // below the screen, where loading begins
const key = "easel.history";

interface Place {
  address: string;
  tile: string; // the first one on the screen
  offset: number; // of it from the top
}

export class Scroll {
  private loading: Promise<void> | null = null;
  private readonly watcher: IntersectionObserver;

  constructor(private readonly form: HTMLElement, private readonly list: HTMLElement, private readonly grown: () => void) {
    this.watcher = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && void this.more(), { rootMargin: early });
    this.watch();
    addEventListener("pagehide", () => sessionStorage.setItem(key, JSON.stringify(this.place())));
    const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    if (entry?.type === "back_forward" || entry?.type === "reload") void this.comeBack();
  }

  private get older(): HTMLAnchorElement | null {
    return maybe<HTMLAnchorElement>(this.form, "[data-older] a");
  }

  private watch(): void {
    this.watcher.disconnect();
    if (this.older) this.watcher.observe(this.older);
  }

  /** more appends one page. Where it cannot be had, the link stays to be tried by hand. */
  private more(): Promise<void> {
    this.loading ??= this.append().finally(() => (this.loading = null));
    return this.loading;
  }

  private async append(): Promise<void> {
    const link = this.older;
    if (!link) return;
    const answer = await fetch(link.href).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const known = new Set(all(this.list, "[data-tile]").map((tile) => tile.dataset.tile));
    const fresh = all(page, "[data-tile]").filter((tile) => !known.has(tile.dataset.tile));
    this.list.append(...fresh.map((tile) => document.adoptNode(tile)));
    const next = page.querySelector("[data-older]");
    const place = find(this.form, "[data-older]");
    if (next) place.replaceWith(document.adoptNode(next));
    else place.remove();
    this.grown();
    this.watch();
  }

  private place(): Place {
    const tile = all(this.list, "[data-tile]:not([hidden])").find((t) => t.getBoundingClientRect().bottom > 0);
    return { address: location.href, tile: tile?.dataset.tile ?? "", offset: tile?.getBoundingClientRect().top ?? 0 };
  }

  /** comeBack loads as many pages as it takes to stand where the reader stood. */
  private async comeBack(): Promise<void> {
    history.scrollRestoration = "manual";
    const then = JSON.parse(sessionStorage.getItem(key) ?? "null") as Place | null;
    if (!then?.tile || then.address !== location.href) return;
    const find = () => maybe(this.list, `[data-tile="${CSS.escape(then.tile)}"]`);
    for (let pages = 0; !find() && this.older && pages < 40; pages++) await this.more();
    const tile = find();
    if (tile) scrollTo(0, scrollY + tile.getBoundingClientRect().top - then.offset);
  }
}
