import assert from "node:assert/strict";
import { test } from "node:test";
import { Hands, width } from "./hands.ts";

const touch = (id: number, x = 0, y = 0) => ({ id, kind: "touch", button: 0, panning: false, x, y });
const pen = (id: number, button = 0) => ({ id, kind: "pen", button, panning: false, x: 0, y: 0 });
const mouse = (button = 0, panning = false) => ({ id: 1, kind: "mouse", button, panning, x: 0, y: 0 });

test("a mouse paints; its wheel button, and space, pan", () => {
  const hands = new Hands();
  assert.equal(hands.down(mouse(), 0).deed, "paint");
  assert.equal(hands.move(1, { x: 5, y: 5 }).deed, "paint");
  assert.equal(hands.up(1), true);
  assert.equal(hands.move(1, { x: 9, y: 9 }).deed, "none");
  assert.equal(hands.down(mouse(1), 0).deed, "pan");
  assert.deepEqual(hands.move(1, { x: 3, y: 4 }), { deed: "pan", from: [mouse(1)], to: [{ x: 3, y: 4 }] });
  assert.equal(hands.up(1), false);
  assert.equal(hands.down(mouse(0, true), 0).deed, "pan");
  hands.up(1);
  assert.equal(hands.down(mouse(2), 0).deed, "none");
});

test("one finger paints; a second one pinches, and takes a young stroke back", () => {
  const hands = new Hands();
  assert.deepEqual(hands.down(touch(1), 0), { deed: "paint", before: null });
  assert.deepEqual(hands.down(touch(2, 100), 120), { deed: "pinch", before: "drop" });
  const move = hands.move(2, { x: 140, y: 0 });
  assert.equal(move.deed, "pinch");
  assert.deepEqual(move.from.map((p) => p.x), [0, 100]);
  assert.deepEqual(move.to.map((p) => p.x), [0, 140]);
  assert.equal(hands.up(1), false);
  assert.equal(hands.move(2, { x: 150, y: 0 }).deed, "pan");
  assert.equal(hands.up(2), false);
  assert.equal(hands.down(touch(3), 1000).deed, "paint");
});

test("a stroke that is no longer young is kept when a second finger comes", () => {
  const hands = new Hands();
  hands.down(touch(1), 0);
  assert.deepEqual(hands.down(touch(2), 900), { deed: "pinch", before: "end" });
});

test("once a pen was seen, touches only pan, and none does while it paints", () => {
  const hands = new Hands();
  assert.equal(hands.down(touch(1), 0).deed, "paint"); // the palm comes before the pen
  assert.deepEqual(hands.down(pen(9), 50), { deed: "paint", before: "drop" });
  assert.equal(hands.move(1, { x: 5, y: 5 }).deed, "none");
  assert.equal(hands.down(touch(2), 60).deed, "none");
  assert.equal(hands.move(9, { x: 1, y: 1 }).deed, "paint");
  assert.equal(hands.up(9), true);
  hands.up(1);
  assert.equal(hands.down(touch(3), 900).deed, "pan");
  assert.equal(hands.down(touch(4), 950).deed, "pinch");
});

test("a pen's eraser end draws too; only a pen's pressure counts", () => {
  assert.equal(new Hands().down(pen(1, 5), 0).deed, "paint");
  assert.equal(width("pen", 0.5), 0.5);
  assert.equal(width("pen", 0.001), 0.05);
  assert.equal(width("mouse", 0.5), 1);
  assert.equal(width("touch", 0.3), 1);
});
