// Tiles of runs that are still going on are brought up to date until they end.
import { all, find, maybe } from "./dom.ts";

const every = 2000; // milliseconds between two looks

const busy = '.dot:is([data-status="starting"], [data-status="processing"])';
const status = (tile: HTMLElement): string => find(tile, ".dot").dataset.status ?? "";

/**
 * follow looks until nothing is busy; renewed is called when a tile came to its end.
 * A tile that this page's first answer no longer has, since it was scrolled to or
 * pushed below it, is left as it is.
 */
export function follow(list: HTMLElement, renewed: () => void): void {
  const lost = new WeakSet<HTMLElement>();
  const going = () => all(list, "[data-tile]:not([hidden])").filter((tile) => maybe(tile, busy) && !lost.has(tile));
  const look = async () => {
    const tiles = going();
    if (tiles.length === 0) return;
    const answer = document.hidden ? null : await fetch(location.href).catch(() => null);
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const tile of tiles) {
        const fresh = maybe(page, `[data-tile="${CSS.escape(tile.dataset.tile!)}"]`);
        if (fresh) renew(tile, fresh);
        else lost.add(tile);
      }
      renewed();
    }
    setTimeout(() => void look(), every);
  };
  setTimeout(() => void look(), every);
}

/** renew leaves what a person did to a tile as it is: its tick, and the focus. */
function renew(tile: HTMLElement, fresh: HTMLElement): void {
  if (status(fresh) === status(tile) || tile.querySelector(":popover-open")) return;
  const [ticked, focused] = [find<HTMLInputElement>(tile, "[data-pick]").checked, tile.contains(document.activeElement)];
  tile.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
  find<HTMLInputElement>(tile, "[data-pick]").checked = ticked;
  if (focused) find(tile, "[data-open]").focus();
}
