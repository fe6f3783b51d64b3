// What the rest of the page may ask of the painter, which is loaded when it does.
import { find } from "../dom.ts";
import { blobOf, maskFile, nameOf, NotReadable } from "./file.ts";
import { Painter } from "./painter.ts";
import { Sheet } from "./sheet.ts";
import { keep, recall } from "./store.ts";

let painter: Painter | null = null;

/** paint opens the painter on a picture, with the mask that the form holds. It throws NotReadable. */
export function paint(picture: string | Blob, mask?: string | Blob): Promise<File | null> {
  painter ??= new Painter(find<HTMLDialogElement>(document, "dialog[data-painter-dialog]"));
  return painter.paint(picture, mask);
}

/** usedOn is the mask that was in use with a picture, made again from its marks; null where none was. */
export async function usedOn(picture: string | Blob): Promise<File | null> {
  const kept = await recall(await nameOf(picture));
  if (!kept?.given) return null;
  const sheet = new Sheet(kept.size);
  sheet.load(kept.given.marks, []);
  return maskFile(sheet.mask, kept.size, kept.given.feather);
}

/** unuse remembers that a picture's mask was taken out of the form; its marks stay. */
export async function unuse(picture: string | Blob): Promise<void> {
  const kept = await recall(await nameOf(picture));
  if (kept) await keep({ ...kept, given: null });
}

export { blobOf, NotReadable };
