import assert from "node:assert/strict";
import { test } from "node:test";
import { toInput } from "./input.ts";
import { described, fromJSON } from "./json.ts";
import type { Field } from "./types.ts";

const fields: Field[] = [
  { name: "prompt", label: "Prompt", type: "string", required: true },
  { name: "image", label: "Image", type: "string", format: "uri" },
  { name: "model", label: "Model", type: "string", enum: ["dev", "schnell"], default: "dev" },
  { name: "num_outputs", label: "Number of outputs", type: "integer", default: 1 },
  { name: "go_fast", label: "Go fast", type: "boolean", default: false },
];

test("an input comes back from its JSON as it went", () => {
  const input = { prompt: "a “fox”\n🦊", model: "schnell", num_outputs: 2, go_fast: true };
  const { values } = fromJSON(JSON.stringify(input), fields);
  assert.deepEqual(toInput(values!, fields), input);
});

test("what is wrong is said, and nothing is taken", () => {
  for (const [text, problem] of [
    ["{", /JSON/],
    ["[]", /Expected: object/],
    [`{"prompt": 5}`, /prompt: Invalid type. Expected: string, given: integer/],
    [`{"model": "pro"}`, /model must be one of the following: "dev", "schnell"/],
  ] as const) {
    const read = fromJSON(text, fields);
    assert.match(read.problem, problem);
    assert.equal(read.values, null);
  }
});

test("unknown keys are named", () => {
  assert.deepEqual(fromJSON(`{"prompt": "p", "size": 1}`, fields).unknown, ["size"]);
});

test("a file stands by its name", () => {
  assert.deepEqual(described({ prompt: "p" }, { image: "cat.png" }), { prompt: "p", image: "attached:cat.png" });
});
