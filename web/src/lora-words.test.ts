import assert from "node:assert/strict";
import { test } from "node:test";
import { withWord } from "./lora-words.ts";

test("a trigger word is put in once, after what is there", () => {
  assert.equal(withWord("", "sks"), "sks ");
  assert.equal(withWord("a cat", "sks"), "a cat, sks");
  assert.equal(withWord("a cat. ", "sks"), "a cat. sks");
  assert.equal(withWord("a SKS cat", "sks"), "a SKS cat");
});
