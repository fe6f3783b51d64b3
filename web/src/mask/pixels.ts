// Pure: a mask from the pixels of a picture, as the server reads it.
import type { Extent } from "./box.ts";

/** luminance × alpha of RGBA pixels, by the server's weights. */
export function fromPixels(rgba: Uint8ClampedArray): Uint8Array {
  const mask = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < mask.length; i++) {
    const [r, g, b, a] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!, rgba[4 * i + 3]!];
    const luma = (19595 * r + 38470 * g + 7471 * b + 32768) >>> 16;
    mask[i] = Math.floor((luma * a + 127) / 255);
  }
  return mask;
}

/** resize takes the nearest pixel, so that a mask stays as sharp as it was. */
export function resize(mask: Uint8Array, from: Extent, to: Extent): Uint8Array {
  if (from.width === to.width && from.height === to.height) return mask;
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const row = Math.floor(((2 * y + 1) * from.height) / (2 * to.height)) * from.width;
    for (let x = 0; x < to.width; x++) out[y * to.width + x] = mask[row + Math.floor(((2 * x + 1) * from.width) / (2 * to.width))]!;
  }
  return out;
}

const limit = 16 << 20; // pixels: the largest canvas that every browser has

/** maskSize is the size to paint at: the picture's own, less only where no canvas is that large. */
export function maskSize({ width, height }: Extent): Extent {
  const scale = Math.min(1, Math.sqrt(limit / (width * height)));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

/** fingerprint names a picture by its bytes: two 32-bit FNV-1a sums and the length. */
export function fingerprint(file: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x01234567];
  for (const byte of file) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x01000193) ^ (b >>> 15);
  }
  return [a, b, file.length].map((n) => (n >>> 0).toString(36)).join("-");
}
