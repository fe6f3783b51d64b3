import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { command, curl, quote, reproducible } from "./curl.ts";

const hard = `it's "two"\nlines, a \\backslash, $HOME, \`ls\`, ünïcode 🦊`;

test("a shell reads back what was quoted", () => {
  assert.equal(execFileSync("bash", ["-c", `printf %s ${quote(hard)}`]).toString(), hard);
});

test("the command has the form that Replicate's page gives", () => {
  const text = command("http://127.0.0.1:3000", "/v1/models/easel/emoji/predictions", { prompt: "a fox" });
  assert.match(text, /^curl -s -X POST \\\n {2}-H "Authorization: Bearer \$REPLICATE_API_TOKEN" \\\n/);
  assert.match(text, /-H "Prefer: wait" \\\n {2}-d \$'\{\n {2}"input"/);
  assert.ok(text.endsWith("  http://127.0.0.1:3000/v1/models/easel/emoji/predictions"));
});

test("a long body goes in by a here-document", () => {
  const text = command("http://h", "/p", { prompt: "p", image: "data:image/png;base64," + "A".repeat(200_000) });
  const echoed = execFileSync("bash", [], { input: `curl() { cat; }\n${text}\n`, maxBuffer: 1 << 20 });
  assert.equal(JSON.parse(echoed.toString()).input.prompt, "p");
});

test("a run's seed is part of what makes it again", () => {
  assert.deepEqual(reproducible({ prompt: "p" }, [7, 8]), { prompt: "p", seed: 7 });
  assert.deepEqual(reproducible({ prompt: "p" }, undefined), { prompt: "p" });
});

test("a file is uploaded first, and named by the address that it got", () => {
  const { code } = curl({ origin: "http://h", model: "m", path: "/p", input: { prompt: "it's" }, files: { image: "my cat.png" } });
  const fake = 'curl() { if [[ "$*" == *files* ]]; then echo "{\\"urls\\":{\\"get\\":\\"http://h/f/$5\\"}}"; else while [[ $1 != -d ]]; do shift; done; echo "$2"; fi; }';
  const said = execFileSync("bash", [], { input: `${fake}\n${code}\n` }).toString();
  assert.deepEqual(JSON.parse(said), { input: { prompt: "it's", image: "http://h/f/content=@my cat.png" } });
});
