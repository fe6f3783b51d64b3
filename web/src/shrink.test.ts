import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, maxPixels } from "./shrink.ts";

test("what fits stays, and what does not keeps its shape", () => {
  assert.deepEqual(fit([1024, 768], maxPixels), [1024, 768]);
  const [width, height] = fit([8660, 5774], maxPixels); // 50 megapixels
  assert.ok(width * height <= maxPixels && width * height > 0.999 * maxPixels, `${width}×${height}`);
  assert.ok(Math.abs(width / height - 8660 / 5774) < 0.001);
  assert.deepEqual(fit([100_000_000, 1], 1_000_000), [10_000_000, 1]);
});
