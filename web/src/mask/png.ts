// Pure: a mask as a PNG of 8-bit greys (PNG specification, third edition).
// Written here and not by a canvas, so that its bytes are the mask's exactly,
// in every browser.
import type { Extent } from "./box.ts";

/** feathered is the keyword of the text that tells the server how soft the edge shall be. */
export const feathered = "easel.feather";

/** encode packs a mask. feather is written into the file, for the server to blend by. */
export async function encode(mask: Uint8Array, { width, height }: Extent, feather: number): Promise<Uint8Array<ArrayBuffer>> {
  const rows = new Uint8Array((width + 1) * height); // each row after its filter, 0: none
  for (let y = 0; y < height; y++) rows.set(mask.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 0, 0, 0, 0], 8); // bits, grey, deflate, the usual filters, not interlaced
  return join([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("tEXt", bytes(`${feathered}\0${feather}`)),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** readFeather finds the feather that encode wrote; null where there is none. */
export function readFeather(file: Uint8Array): number | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (kind === "IDAT") return null;
    const text = kind === "tEXt" && length < 64 ? String.fromCharCode(...file.subarray(at + 8, at + 8 + length)) : "";
    const [key, value] = text.split("\0");
    if (key === feathered && /^\d{1,2}$/.test(value ?? "")) return Number(value);
    at += 12 + length;
  }
  return null;
}

/** In one piece: as a stream of a Blob the same bytes take nearly twice as long, passed on 64 KiB at a time. */
async function deflate(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packer = new CompressionStream("deflate");
  const writer = packer.writable.getWriter();
  const [packed] = await Promise.all([new Response(packer.readable).arrayBuffer(), writer.write(data), writer.close()]);
  return new Uint8Array(packed);
}

function chunk(kind: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(bytes(kind), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc(out.subarray(4, 8 + data.length)));
  return out;
}

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of data) c = table[(c ^ b) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
