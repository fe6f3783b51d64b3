import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, inflateSync } from "node:zlib";
import { fingerprint, fromPixels, maskSize, resize } from "./pixels.ts";
import { encode, readFeather } from "./png.ts";
import { sizeAt } from "./settings.ts";

test("a mask's file is a grey PNG of its very bytes", async () => {
  const size = { width: 37, height: 21 };
  const mask = Uint8Array.from({ length: 37 * 21 }, (_, i) => (i * 7) % 256);
  const file = Buffer.from(await encode(mask, size, 3));
  assert.equal(file.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  const chunks: Record<string, Buffer> = {};
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    assert.equal(file.readUInt32BE(at + 8 + length), crc32(body));
    chunks[body.subarray(0, 4).toString()] = body.subarray(4);
    at += 12 + length;
  }
  assert.deepEqual(Object.keys(chunks), ["IHDR", "tEXt", "IDAT", "IEND"]);
  assert.deepEqual([...chunks.IHDR!], [0, 0, 0, 37, 0, 0, 0, 21, 8, 0, 0, 0, 0]);
  const rows = inflateSync(chunks.IDAT!);
  const pixels = Array.from({ length: 21 }, (_, y) => [...rows.subarray(y * 38 + 1, (y + 1) * 38)]).flat();
  assert.deepEqual(Uint8Array.from(pixels), mask);
  assert.equal(readFeather(file), 3);
});

test("a file without a feather, or a broken one, has none", () => {
  assert.equal(readFeather(new Uint8Array()), null);
  assert.equal(readFeather(new Uint8Array(100).fill(255)), null);
  assert.equal(readFeather(new TextEncoder().encode("no picture at all, and longer than a chunk")), null);
});

test("luminance times alpha, as the server weighs it", () => {
  const pixels = Uint8ClampedArray.from([255, 255, 255, 255, 255, 255, 255, 128, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 9, 9, 0]);
  assert.deepEqual([...fromPixels(pixels)], [255, 128, 76, 150, 29, 0]);
});

test("a mask of another size is scaled by its nearest pixels", () => {
  const mask = Uint8Array.of(1, 2, 3, 4);
  assert.deepEqual([...resize(mask, { width: 2, height: 2 }, { width: 4, height: 2 })], [1, 1, 2, 2, 3, 3, 4, 4]);
  assert.deepEqual([...resize(mask, { width: 4, height: 1 }, { width: 2, height: 1 })], [2, 4]);
});

test("only what no canvas can hold is painted smaller", () => {
  assert.deepEqual(maskSize({ width: 1440, height: 1440 }), { width: 1440, height: 1440 });
  const { width, height } = maskSize({ width: 8000, height: 6000 });
  assert.ok(width * height <= 16 << 20 && width > 4700 && Math.abs(width / height - 4 / 3) < 0.001);
});

test("a fingerprint tells pictures apart", () => {
  const a = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const b = a.with(500, 0);
  assert.equal(fingerprint(a), fingerprint(a.slice()));
  assert.notEqual(fingerprint(a), fingerprint(b));
  assert.notEqual(fingerprint(a), fingerprint(a.subarray(1)));
});

test("the size slider goes from one pixel to the largest brush", () => {
  assert.deepEqual([sizeAt(0), sizeAt(50), sizeAt(100)], [1, 23, 512]);
});
