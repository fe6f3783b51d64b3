import assert from "node:assert/strict";
import { test } from "node:test";
import { cover, flood, polygon, segment } from "./cover.ts";

const size = { width: 40, height: 30 };
const blank = () => new Uint8Array(size.width * size.height);
const at = (a: Uint8Array, x: number, y: number) => a[y * size.width + x];
const count = (a: Uint8Array, least = 128) => a.reduce((n, v) => n + Number(v >= least), 0);

test("a hard dab is a disc of its size", () => {
  const into = blank();
  segment([20, 15, 1], 0, 0, { size: 20, hardness: 1 }, size, into);
  assert.ok(Math.abs(count(into) - Math.PI * 100) < 8, `${count(into)} pixels`);
  assert.equal(at(into, 20, 15), 255);
  assert.equal(at(into, 9, 15), 0);
});

test("a soft dab falls off evenly from its core to its rim", () => {
  const into = blank();
  segment([20.5, 15.5, 1], 0, 0, { size: 20, hardness: 0.5 }, size, into);
  assert.deepEqual([at(into, 25, 15), at(into, 28, 15), at(into, 30, 15)], [255, 102, 0]);
});

test("pressure narrows a stroke", () => {
  const [full, light] = [blank(), blank()];
  segment([10, 15, 1, 30, 15, 1], 0, 3, { size: 12, hardness: 1 }, size, full);
  segment([10, 15, 0.5, 30, 15, 0.5], 0, 3, { size: 12, hardness: 1 }, size, light);
  assert.ok(count(light) > 0.4 * count(full) && count(light) < 0.6 * count(full));
});

test("a segment covers what a plain look at every pixel says", () => {
  const tip = { size: 9, hardness: 0.3 };
  for (const path of [[5, 25, 1, 33, 4, 1], [35, 28, 1, 3, 27, 0.6], [12, 2, 1, 12, 28, 1], [-8, 15, 1, 60, 18, 1]]) {
    const into = blank();
    const box = segment(path, 0, 3, tip, size, into);
    const [ax, ay, ap, bx, by, bp] = path as [number, number, number, number, number, number];
    const radius = (tip.size / 4) * (ap + bp);
    const core = Math.min(radius * tip.hardness, radius - 0.5);
    const outer = Math.max(radius, core + 1);
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const [px, py, dx, dy] = [x + 0.5 - ax, y + 0.5 - ay, bx - ax, by - ay];
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
        const far = Math.hypot(px - t * dx, py - t * dy);
        const want = far <= core ? 255 : Math.round(Math.max(0, Math.min(1, (outer - far) / (outer - core))) * 255);
        assert.ok(Math.abs(at(into, x, y)! - want) <= 1, `${path} at ${x}, ${y}: ${at(into, x, y)}, want ${want}`);
        if (want > 0) assert.ok(x >= box.left && x < box.right && y >= box.top && y < box.bottom);
      }
    }
  }
});

test("a rectangle covers its pixels whichever corner comes first", () => {
  for (const path of [[3, 4, 10, 9], [10, 9, 3, 4], [3, 9, 10, 4]]) {
    const into = blank();
    const box = cover({ kind: "rectangle", erase: false, path }, size, blank(), into);
    assert.deepEqual(box, { left: 3, top: 4, right: 10, bottom: 9 });
    assert.equal(count(into), 7 * 5);
  }
});

test("a shape may leave the picture", () => {
  const into = blank();
  polygon([-100, -100, 100, -100, 100, 100, -100, 100], size, into);
  assert.equal(count(into), size.width * size.height);
  assert.equal(count(polygonOf([50, 50, 60, 50, 60, 60])), 0);
});

test("a lasso that crosses itself has no holes where it winds twice", () => {
  const star = [20, 1, 28, 27, 4, 11, 36, 11, 12, 27];
  assert.equal(at(polygonOf(star), 20, 15), 255);
});

function polygonOf(path: number[]) {
  const into = blank();
  polygon(path, size, into);
  return into;
}

test("a fill stays inside the border around it", () => {
  const mask = blank();
  polygon([5, 5, 25, 5, 25, 25, 5, 25], size, mask);
  for (let y = 8; y < 22; y++) mask.fill(0, y * size.width + 8, y * size.width + 22);
  const into = blank();
  const box = flood(10, 10, false, size, mask, into);
  assert.deepEqual(box, { left: 8, top: 8, right: 22, bottom: 22 });
  assert.equal(count(into), 14 * 14);
  const outside = blank();
  flood(0, 0, false, size, mask, outside);
  assert.equal(count(outside), 1200 - 400);
  const ring = blank();
  flood(6, 6, true, size, mask, ring);
  assert.equal(count(ring), 400 - 196);
});

test("a fill where nothing is to fill covers nothing", () => {
  const into = blank();
  flood(3, 3, true, size, blank(), into);
  flood(-1, 3, false, size, blank(), into);
  assert.equal(count(into, 1), 0);
});

test("a fill finds its way through a maze", () => {
  const mask = blank();
  for (let x = 2; x < 38; x += 4) for (let y = 0; y < 30; y++) if (y !== (x % 8 === 2 ? 29 : 0)) mask[y * size.width + x] = 255;
  const into = blank();
  flood(0, 0, false, size, mask, into);
  assert.equal(count(into), 1200 - 9 * 29);
});
