import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, pan, pinch, reveal, toPicture, toStage, zoom } from "./view.ts";

const picture = { width: 1440, height: 1080 };
const stage = { width: 800, height: 600 };
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("a picture that fits stands in the middle", () => {
  const view = fit(picture, stage);
  near(view.scale, 552 / 1080);
  near(view.x, (800 - 1440 * view.scale) / 2);
  near(view.y, 24);
});

test("zooming leaves the point under the pointer where it is", () => {
  const at = { x: 300, y: 200 };
  const before = fit(picture, stage);
  const after = zoom(before, 3, at, picture, stage);
  const [p, q] = [toPicture(before, at), toPicture(after, at)];
  near(p.x, q.x);
  near(p.y, q.y);
  const back = toStage(after, q);
  near(back.x, at.x);
});

test("the zoom has its ends", () => {
  const view = fit(picture, stage);
  assert.equal(zoom(view, 1e9, { x: 0, y: 0 }, picture, stage).scale, 32);
  near(zoom(view, 1e-9, { x: 0, y: 0 }, picture, stage).scale, view.scale / 2);
});

test("the picture never leaves the stage altogether", () => {
  const view = pan(fit(picture, stage), 1e6, -1e6, picture, stage);
  assert.equal(view.x, 800 - 48);
  near(view.y, 48 - picture.height * view.scale);
});

test("two fingers carry the points that they lie on", () => {
  const view = fit(picture, stage);
  const [a, b] = [{ x: 300, y: 300 }, { x: 400, y: 300 }];
  const [c, d] = [{ x: 250, y: 350 }, { x: 450, y: 350 }];
  const after = pinch(view, [a, b], [c, d], picture, stage);
  near(after.scale, 2 * view.scale);
  for (const [from, to] of [[a, c], [b, d]] as const) {
    const p = toStage(after, toPicture(view, from));
    near(p.x, to.x);
    near(p.y, to.y);
  }
});

test("the keyboard's cursor is brought into sight", () => {
  const view = { scale: 4, x: 0, y: 0 };
  const at = toStage(reveal(view, { x: 500, y: 0 }, stage), { x: 500, y: 0 });
  assert.deepEqual(at, { x: 776, y: 24 });
});
