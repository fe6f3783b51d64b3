import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft } from "./draft.ts";
import type { Mark } from "./mark.ts";
import { Sheet } from "./sheet.ts";

const size = { width: 64, height: 48 };
const tip = { size: 10, hardness: 0.5 };

/** scribble draws n marks of every kind, the same each time. */
function scribble(sheet: Sheet, n: number, after: (i: number) => void = () => {}) {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const point = () => [random(80) - 8, random(60) - 6] as const;
  for (let i = 0; i < n; i++) {
    const erase = random(3) === 0;
    switch (random(6)) {
      case 0:
        sheet.add({ kind: "rectangle", erase, path: [...point(), ...point()] });
        break;
      case 1:
        sheet.add({ kind: "lasso", erase, path: [...point(), ...point(), ...point(), ...point()] });
        break;
      case 2:
        sheet.add(random(4) === 0 ? { kind: "invert" } : { kind: "fill", erase, path: [random(64), random(48)] });
        break;
      default:
        sheet.begin({ kind: "brush", erase, tip, path: [...point(), 1] });
        for (let k = 0; k < 12; k++) sheet.extend(...point(), 0.2 + random(80) / 100);
        sheet.end();
    }
    after(i);
  }
}

test("undo all the way, then redo all the way: the same masks", () => {
  const sheet = new Sheet(size);
  const seen = [sheet.mask.slice()];
  scribble(sheet, 60, () => seen.push(sheet.mask.slice()));
  for (let i = 59; i >= 0; i--) {
    assert.ok(sheet.undo());
    assert.deepEqual(sheet.mask, seen[i], `after undo to ${i}`);
  }
  assert.equal(sheet.undo(), null);
  for (let i = 1; i <= 60; i++) {
    assert.ok(sheet.redo());
    assert.deepEqual(sheet.mask, seen[i], `after redo to ${i}`);
  }
  assert.equal(sheet.redo(), null);
});

test("marks drawn live, and drawn again from their list, make one mask", () => {
  const [live, again] = [new Sheet(size), new Sheet(size)];
  scribble(live, 40);
  again.load(structuredClone(live.marks), []);
  assert.deepEqual(again.mask, live.mask);
});

test("what is done after an undo ends the redo", () => {
  const sheet = new Sheet(size);
  scribble(sheet, 3);
  sheet.undo();
  sheet.add({ kind: "invert" });
  assert.equal(sheet.redo(), null);
  assert.equal(sheet.marks.length, 3);
});

test("invert turns kept into repainted and back, at every value", () => {
  const sheet = new Sheet({ width: 256, height: 1 });
  const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
  sheet.add({ kind: "load", mask: ramp });
  assert.equal(sheet.share, 0.5);
  sheet.add({ kind: "invert" });
  sheet.mask.forEach((v, i) => assert.equal(v >= 128, i < 128));
  sheet.add({ kind: "invert" });
  assert.deepEqual(sheet.mask, ramp);
});

test("a soft brush adds up over strokes, not within one", () => {
  const sheet = new Sheet(size);
  const soft = { size: 20, hardness: 0 };
  const over = () => {
    sheet.begin({ kind: "brush", erase: false, tip: soft, path: [10, 20, 1] });
    sheet.extend(50, 20, 1);
    sheet.extend(10, 20, 1);
    sheet.end();
  };
  over();
  const once = sheet.mask[26 * 64 + 30]!;
  assert.ok(once > 60 && once < 128, `${once}`);
  over();
  assert.ok(sheet.mask[26 * 64 + 30]! >= 128);
});

test("a dropped stroke leaves nothing", () => {
  const sheet = new Sheet(size);
  scribble(sheet, 5);
  const before = sheet.mask.slice();
  sheet.begin({ kind: "brush", erase: false, tip, path: [1, 1, 1] });
  sheet.extend(40, 40, 1);
  sheet.drop();
  assert.deepEqual(sheet.mask, before);
  assert.equal(sheet.marks.length, 5);
});

test("the box that a change tells holds every pixel that changed", () => {
  const sheet = new Sheet(size);
  scribble(sheet, 4);
  const lasso: Mark = { kind: "lasso", erase: false, path: [5, 5, 30, 8, 12, 40] };
  for (const change of [() => sheet.add(lasso), () => sheet.undo()!, () => sheet.undo()!, () => sheet.redo()!]) {
    const before = sheet.mask.slice();
    const box = change();
    sheet.mask.forEach((v, i) => {
      const [x, y] = [i % 64, Math.floor(i / 64)];
      if (v !== before[i]) assert.ok(x >= box.left && x < box.right && y >= box.top && y < box.bottom);
    });
  }
});

test("a draft makes the marks of its tool, from a pointer's points or a keyboard's", () => {
  const sheet = new Sheet(size);
  const draft = new Draft(sheet);
  const kinds = () => sheet.marks.map((m: Mark) => m.kind);
  draft.down(4, 4);
  draft.move(20, 4);
  draft.up();
  draft.tool = "rectangle";
  draft.down(1, 1);
  draft.up(); // no area
  draft.down(30, 20);
  draft.follow(40, 30);
  assert.equal(draft.outline, "M30.0 20.0H40.0V30.0H30.0Z");
  draft.up();
  draft.tool = "lasso";
  draft.down(2, 30);
  draft.move(20, 30);
  draft.move(20, 44);
  draft.up();
  draft.tool = "fill";
  draft.down(60, 4);
  draft.up();
  draft.down(-4, 0); // beside the picture
  draft.up();
  assert.deepEqual(kinds(), ["brush", "rectangle", "lasso", "fill"]);
  assert.equal(draft.busy, false);
  assert.equal(sheet.mask[25 * 64 + 35], 255);
  assert.equal(sheet.mask[33 * 64 + 18], 255);
  assert.equal(sheet.share, 1);
});
