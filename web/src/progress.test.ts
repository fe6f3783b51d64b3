import assert from "node:assert/strict";
import { test } from "node:test";
import { fresh, headline, next, secondsLeft, share, type Progress } from "./progress.ts";
import type { RunEvent } from "./types.ts";

const at = "2026-01-01T00:00:00Z";
const play = (events: object[]): Progress => events.reduce((p: Progress, e) => next(p, e as RunEvent), fresh());
const step = (n: number, picture: number, step: number) => ({ n, type: "step", at, data: { picture, step, of: 4, seconds: 0.5 } });
const started = { n: 1, type: "started", at, data: { attempt: 1 } };

test("steps add up over the pictures", () => {
  const p = play([started, step(2, 0, 1), step(3, 0, 2), step(4, 0, 3), step(5, 0, 4), step(6, 1, 1)]);
  assert.equal(share(p, 2), 5 / 8);
  assert.equal(secondsLeft(p, 2), 1.5);
  assert.equal(headline(p, 2), "Picture 2 of 2 · Step 1 of 4");
});

test("an event that was seen changes nothing, so a replay does no harm", () => {
  const p = play([started, step(2, 0, 1)]);
  assert.equal(next(p, step(2, 0, 3) as RunEvent), p);
});

test("a second start begins anew", () => {
  const p = play([started, step(2, 0, 3), { ...started, n: 3 }]);
  assert.deepEqual([p.step, p.stepsSeen, p.status], [0, 0, "processing"]);
});

test("the end tells how long it took", () => {
  const p = play([started, { n: 2, type: "output", at, data: { index: 0, file: "t/out-0.webp", seed: 7 } }, { n: 3, type: "done", at: "2026-01-01T00:00:04.200Z", data: { status: "succeeded", error: "" } }]);
  assert.equal(headline(p, 1), "Done in 4.2 s");
  assert.deepEqual(p.outputs, [{ file: "t/out-0.webp", seed: 7 }]);
});
