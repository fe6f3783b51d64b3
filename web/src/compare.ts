// Two pictures that lie over each other, and the line between them.
import { find } from "./dom.ts";
import { Divider } from "./divider.ts";

export function overlay(root: HTMLElement): void {
  const wall = find(root, "[data-divided]");
  const span = () => find(wall, "img").getBoundingClientRect();
  root.hidden = false;
  new Divider(find(root, "[data-overlay-range]"), wall, span, (share) => root.style.setProperty("--divide", String(share)));
}
