import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curl, quote, reproducible } from "./curl.ts";

const hard = `it's "two"\nlines, a \\backslash, $HOME, \`ls\`, ünïcode 🦊`;

test("a shell reads back what was quoted", () => {
  assert.equal(execFileSync("bash", ["-c", `printf %s ${quote(hard)}`]).toString(), hard);
});

test("the command has the form that Replicate's page gives", () => {
  const command = curl("http://127.0.0.1:3000", "/v1/models/easel/emoji/predictions", { prompt: "a fox" });
  assert.match(command, /^curl -s -X POST \\\n {2}-H "Authorization: Bearer \$REPLICATE_API_TOKEN" \\\n/);
  assert.match(command, /-H "Prefer: wait" \\\n {2}-d \$'\{\n {2}"input"/);
  assert.ok(command.endsWith("  http://127.0.0.1:3000/v1/models/easel/emoji/predictions"));
});

test("a long body goes in by a here-document", () => {
  const command = curl("http://h", "/p", { prompt: "p", image: "data:image/png;base64," + "A".repeat(200_000) });
  const echoed = execFileSync("bash", [], { input: `curl() { cat; }\n${command}\n`, maxBuffer: 1 << 20 });
  assert.equal(JSON.parse(echoed.toString()).input.prompt, "p");
});

test("a run's seed is part of what makes it again", () => {
  assert.deepEqual(reproducible({ prompt: "p" }, [7, 8]), { prompt: "p", seed: 7 });
  assert.deepEqual(reproducible({ prompt: "p" }, undefined), { prompt: "p" });
});
