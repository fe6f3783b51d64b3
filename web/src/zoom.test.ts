import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, panned, under, zoomed } from "./zoom.ts";

const near = (a: number[], b: number[]) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]!) < 1e-9, `${a} is not ${b}`));

test("a picture is fitted into its window, centred", () => {
  assert.deepEqual(fitted({ width: 1000, height: 500 }, { width: 548, height: 548 }), { scale: 0.5, x: 24, y: 149 });
});

test("zooming keeps the point under the pointer", () => {
  const view = { x: 10, y: 20, scale: 1.5 };
  const before = under(view, 200, 100);
  near(under(zoomed(view, 200, 100, 2.5), 200, 100), before);
  near(under(zoomed(view, 200, 100, 0.3), 200, 100), before);
});

test("zoom has its limits", () => {
  assert.equal(zoomed({ x: 0, y: 0, scale: 30 }, 0, 0, 10).scale, 32);
  assert.equal(zoomed({ x: 0, y: 0, scale: 0.2 }, 0, 0, 0.01).scale, 0.1);
});

test("panning moves by screen pixels", () => assert.deepEqual(panned({ x: 1, y: 2, scale: 3 }, 4, 5), { x: 5, y: 7, scale: 3 }));
