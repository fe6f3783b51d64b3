// What a link that was dragged here leads to.
import { read } from "./api.ts";

/**
 * pictureAt is the address of the picture that a list of dragged links means;
 * "" when there is none. A run's own page, which is what a tile of the history
 * links to, stands for the run's first picture.
 */
export async function pictureAt(links: string): Promise<string> {
  const address = firstOf(links);
  const run = runAt(address, location.origin);
  if (!run) return address;
  const output = (await read(run).catch(() => null))?.output?.[0];
  return output?.startsWith("http") ? output : "";
}

/** firstOf is the first web address of a text/uri-list, in which # begins a comment. */
export const firstOf = (links: string): string => links.split(/\r?\n/).map((line) => line.trim()).find((line) => /^https?:\/\//.test(line)) ?? "";

/** runAt is the id of the run whose page an address of this server is; "" for others. */
export function runAt(address: string, origin: string): string {
  return address.startsWith(`${origin}/`) ? (/^\/p\/([0-9a-z]{26})$/.exec(new URL(address).pathname)?.[1] ?? "") : "";
}
