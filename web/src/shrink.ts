// Photographs that are larger than a server takes are made smaller here, and
// only those: what can be sent as it is comes back as it went.
import type { Size } from "./types.ts";

export const maxPixels = 40_000_000; // more makes browsers and servers slow, and no model draws it
export const maxBytes = 20 << 20; // of a file; a request holds two in base64

/** fit is the largest size with at most that many pixels and the same shape. */
export function fit([width, height]: Size, pixels: number): Size {
  const scale = Math.sqrt(pixels / (width * height));
  return scale >= 1 ? [width, height] : [Math.max(1, Math.floor(width * scale)), Math.max(1, Math.floor(height * scale))];
}

export interface Shrunk {
  file: File;
  notice: string; // "" when nothing was done
}

/** shrink makes a picture of that size fit to be sent. */
export async function shrink(file: File, size: Size): Promise<Shrunk> {
  if (file.size <= maxBytes && size[0] * size[1] <= maxPixels) return { file, notice: "" };
  let to = fit(size, maxPixels);
  let small = await draw(file, to, file.type === "image/png" ? "image/png" : "image/jpeg");
  while (small.size > maxBytes) {
    if (small.type === "image/jpeg") to = fit(to, (to[0] * to[1] * maxBytes * 0.9) / small.size);
    small = await draw(file, to, "image/jpeg");
  }
  const why = size[0] * size[1] > maxPixels ? `pictures may have ${maxPixels / 1e6} megapixels` : `files may have ${maxBytes >> 20} MB`;
  const what = to[0] === size[0] ? "Packed tighter" : `Scaled from ${size.join("×")} to ${to.join("×")}`;
  const name = small.type === file.type ? file.name : file.name.replace(/\.\w+$/, "") + ".jpg";
  return { file: new File([small], name, { type: small.type }), notice: `${what}: ${why}.` };
}

async function draw(file: File, [width, height]: Size, type: string): Promise<Blob> {
  const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d")!;
  if (type === "image/jpeg") {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for this browser"))), type, 0.92));
}
