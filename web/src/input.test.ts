import assert from "node:assert/strict";
import { test } from "node:test";
import { byField } from "./api.ts";
import { check, pictureSize, toInput, voided } from "./input.ts";
import type { Field, Settings } from "./types.ts";

const fields: Field[] = [
  { name: "prompt", label: "Prompt", type: "string", required: true },
  { name: "image", label: "Image", type: "string", format: "uri" },
  { name: "mask", label: "Mask", type: "string", format: "uri" },
  { name: "aspect_ratio", label: "Aspect ratio", type: "string", default: "1:1", enum: ["1:1", "16:9", "custom"] },
  { name: "height", label: "Height", type: "integer", minimum: 256, maximum: 1440 },
  { name: "width", label: "Width", type: "integer", minimum: 256, maximum: 1440 },
  { name: "guidance_scale", label: "Guidance scale", type: "number", default: 3, minimum: 0, maximum: 10 },
  { name: "seed", label: "Seed", type: "integer" },
  { name: "go_fast", label: "Go fast", type: "boolean", default: false },
];
const settings: Settings = { model: "easel/emoji", create: "/", fields, examples: null, sizes: { "1": { "1:1": [1024, 1024], "16:9": [1344, 768] }, "0.25": { "1:1": [512, 512] } } };

test("an input holds what was chosen and nothing else", () => {
  const values = { prompt: " a fox ", aspect_ratio: "1:1", width: "512", guidance_scale: "3", seed: "0", go_fast: "true" };
  assert.deepEqual(toInput(values, fields), { prompt: "a fox", seed: 0, go_fast: true });
});

test("what a picture makes void is left out", () => {
  const values = { prompt: "p", image: "https://example.com/a.png", aspect_ratio: "16:9" };
  assert.deepEqual(toInput(values, fields), { prompt: "p", image: "https://example.com/a.png" });
  assert.match(voided(values).aspect_ratio!, /image is given/);
});

test("problems are said in the server's words", () => {
  assert.deepEqual(check({ prompt: "" }, settings), { prompt: "prompt is required" });
  assert.deepEqual(check({ prompt: "p", guidance_scale: "11", seed: "1.5" }, settings), {
    guidance_scale: "Must be less than or equal to 10",
    seed: "Invalid type. Expected: integer, given: number",
  });
  assert.deepEqual(check({ prompt: "p", mask: "data:image/png;base64,AA==" }, settings), { image: "image is required when mask is given" });
  assert.deepEqual(check({ prompt: "p", image: "no address" }, settings), { image: "Does not match format 'uri'" });
});

test("a custom size needs both sides, and only then", () => {
  assert.deepEqual(check({ prompt: "p", aspect_ratio: "custom", width: "512" }, settings), { height: "height is required when aspect_ratio is custom" });
  assert.deepEqual(check({ prompt: "p", aspect_ratio: "1:1", width: "9" }, settings), {});
});

test("the picture's size follows ratio, megapixels and the multiple of 16", () => {
  assert.deepEqual(pictureSize({ aspect_ratio: "16:9", megapixels: "1" }, settings.sizes), [1344, 768]);
  assert.deepEqual(pictureSize({ aspect_ratio: "1:1", megapixels: "0.25" }, settings.sizes), [512, 512]);
  assert.deepEqual(pictureSize({ aspect_ratio: "custom", width: "520", height: "519" }, settings.sizes), [528, 512]);
});

test("violations find their fields", () => {
  const found = byField([
    { type: "required", field: "input", description: "prompt is required" },
    { type: "number_lte", field: "input.num_outputs", description: "Must be less than or equal to 4" },
  ]);
  assert.deepEqual(found, { prompt: "prompt is required", num_outputs: "Must be less than or equal to 4" });
});
