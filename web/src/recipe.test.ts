import assert from "node:assert/strict";
import { test } from "node:test";
import { isParameters } from "./recipe.ts";

test("a text ends in a line of settings, or is just a text", () => {
  for (const [text, want] of [
    ["a fox\nSteps: 20, Sampler: Euler, Seed: 4", true],
    ["Steps: 20, Seed: 4\n", true],
    ["a fox\r\nNegative prompt: fog\r\nSteps: 20, Seed: 4\r\n", true],
    ["Steps: of stone, in fog", false],
    ["Steps: 20, Seed: 4\nand more", false],
    ["", false],
  ] as const) assert.equal(isParameters(text), want, text);
});
