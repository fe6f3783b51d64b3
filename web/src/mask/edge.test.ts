import assert from "node:assert/strict";
import { test } from "node:test";
import { whole } from "./box.ts";
import { depths } from "./edge.ts";
import { Sheet } from "./sheet.ts";

const size = { width: 40, height: 32 };

/** plain is the rule itself: king's moves to the nearest kept pixel, at most feather+1. */
function plain(mask: Uint8Array, feather: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      let near = feather + 1;
      for (let v = 0; v < size.height; v++) {
        for (let u = 0; u < size.width; u++) {
          if (mask[v * size.width + u]! < 128) near = Math.min(near, Math.max(Math.abs(u - x), Math.abs(v - y)));
        }
      }
      out[y * size.width + x] = near;
    }
  }
  return out;
}

const blob = () => {
  const sheet = new Sheet(size);
  sheet.begin({ kind: "brush", erase: false, tip: { size: 18, hardness: 0.2 }, path: [-3, 4, 1] });
  sheet.extend(25, 20, 1);
  sheet.end();
  sheet.add({ kind: "rectangle", erase: false, path: [20, 10, 40, 32] });
  return sheet;
};

for (const feather of [0, 1, 4, 9]) {
  test(`the depth is king's moves from the kept area, with feather ${feather}`, () => {
    const { mask } = blob();
    const depth = new Uint8Array(mask.length).fill(77);
    depths(mask, size, feather, whole(size), depth);
    assert.deepEqual(depth, plain(mask, feather));
  });

  test(`brought up to date stroke by stroke it is the same, with feather ${feather}`, () => {
    const sheet = blob();
    const depth = new Uint8Array(sheet.mask.length);
    depths(sheet.mask, size, feather, whole(size), depth);
    const tip = { size: 7, hardness: 1 };
    for (const erase of [true, false]) {
      depths(sheet.mask, size, feather, sheet.begin({ kind: "brush", erase, tip, path: [2, 30, 1] }), depth);
      for (let i = 0; i < 12; i++) {
        depths(sheet.mask, size, feather, sheet.extend(2 + 3 * i, 30 - 2 * i, 1), depth);
        assert.deepEqual(depth, plain(sheet.mask, feather));
      }
      depths(sheet.mask, size, feather, sheet.end(), depth);
    }
  });
}

test("the picture's edge is no border", () => {
  const all = new Uint8Array(40 * 32).fill(255);
  const depth = new Uint8Array(all.length);
  depths(all, size, 4, whole(size), depth);
  assert.ok(depth.every((d) => d === 5));
});
