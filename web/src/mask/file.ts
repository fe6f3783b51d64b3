// Pictures and masks in and out of files.
import type { Extent } from "./box.ts";
import { encode } from "./png.ts";
import { fingerprint, fromPixels, resize } from "./pixels.ts";

/** NotReadable is a picture that the browser cannot show, told in one sentence. */
export class NotReadable extends Error {}

/** blobOf reads a picture: a file, a data URI, or an address, which the server fetches where it is another's. */
export async function blobOf(picture: string | Blob): Promise<Blob> {
  if (typeof picture !== "string") return picture;
  if (picture.startsWith("data:")) return fromDataURI(picture);
  const answer = await (elsewhere(picture) ? fetch("/picture", { method: "POST", body: picture }) : fetch(picture)).catch(() => null);
  if (answer?.status === 422) throw new NotReadable(String(((await answer.json()) as { detail?: unknown }).detail));
  if (!answer?.ok) throw new NotReadable(`The picture cannot be loaded: ${answer ? `the server answered ${answer.status}` : "no connection"}.`);
  return answer.blob();
}

const elsewhere = (address: string): boolean => !address.startsWith("data:") && new URL(address, location.href).origin !== location.origin;

/** nameOf names a picture by its bytes; one on another host by its address, so that nobody fetches it to look for its mask. */
export async function nameOf(picture: string | Blob, blob?: Blob): Promise<string> {
  if (typeof picture === "string" && elsewhere(picture)) return fingerprint(new TextEncoder().encode(picture));
  return fingerprint(new Uint8Array(await (blob ?? (await blobOf(picture))).arrayBuffer()));
}

function fromDataURI(uri: string): Blob {
  const comma = uri.indexOf(",");
  const head = uri.slice(5, comma);
  const text = head.endsWith(";base64") ? atob(uri.slice(comma + 1)) : decodeURIComponent(uri.slice(comma + 1));
  const data = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
  return new Blob([data], { type: head.split(";", 1)[0] });
}

/** readMask reads a mask of any kind the browser shows, at the size of the picture. */
export async function readMask(file: Blob, size: Extent): Promise<{ mask: Uint8Array; resized: boolean }> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" }).catch(() => {
    throw new NotReadable(`${file instanceof File ? file.name : "The file"} cannot be read as a picture.`);
  });
  const from = { width: bitmap.width, height: bitmap.height };
  const mask = fromPixels(pixelsOf(bitmap, from));
  bitmap.close();
  return { mask: resize(mask, from, size), resized: from.width !== size.width || from.height !== size.height };
}

/** meanColour of a picture. */
export function meanColour(picture: CanvasImageSource): [number, number, number] {
  const pixels = pixelsOf(picture, { width: 16, height: 16 });
  const mean = (channel: number) => pixels.reduce((sum, v, i) => (i % 4 === channel ? sum + v : sum), 0) / 256;
  return [mean(0), mean(1), mean(2)];
}

function pixelsOf(picture: CanvasImageSource, { width, height }: Extent): Uint8ClampedArray {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

export async function maskFile(mask: Uint8Array, size: Extent, feather: number): Promise<File> {
  return new File([await encode(mask, size, feather)], "mask.png", { type: "image/png" });
}

/** save hands a file to the person. */
export function save(file: File, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
