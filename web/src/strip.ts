// The row of the last pictures below the output.
import { all, find, part } from "./dom.ts";
import type { Finished } from "./run.ts";

const most = 12;

/** strip puts a run's picture first, and marks the one that is shown. */
export function strip(root: HTMLElement, run: Finished): void {
  const list = find(root, "ul");
  const known = all<HTMLAnchorElement>(list, "a").find((link) => link.dataset.stripRun === run.id);
  if (!known) list.prepend(item(run));
  all<HTMLAnchorElement>(list, "a").forEach((link) => mark(link, link.dataset.stripRun === run.id));
  while (list.children.length > most) list.lastElementChild!.remove();
  root.hidden = false;
}

function item({ id, file, prompt }: Finished): HTMLElement {
  const made = part("strip");
  const link = find<HTMLAnchorElement>(made, "a");
  link.href = `/?p=${encodeURIComponent(id)}`;
  link.dataset.stripRun = id;
  link.title = prompt;
  link.setAttribute("aria-label", prompt);
  find<HTMLImageElement>(made, "img").src = `/thumbs/${file.split("/", 1)[0]}/small.jpg`;
  return made;
}

function mark(link: HTMLElement, current: boolean): void {
  if (current) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}
