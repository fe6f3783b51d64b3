// What a link that was dragged here leads to.
import { read } from "./api.ts";

/**
 * pictureAt is the address of the picture that a list of dragged links means;
 * "" when there is none. A run's own page, which is what the pictures of the
 * history link to, stands for the run's first picture.
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

/** runAt is the id of the run that an address of this server shows, /p/ID or /?p=ID; "" for others. */
export function runAt(address: string, origin: string): string {
  if (!address.startsWith(`${origin}/`)) return "";
  const { pathname, search } = new URL(address);
  return /^\/p\/([0-9a-z]{26})$/.exec(pathname)?.[1] ?? (pathname === "/" ? (new URLSearchParams(search).get("p") ?? "") : "");
}
