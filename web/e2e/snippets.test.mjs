// Every snippet that the page shows, taken from it in the browser and run as
// it stands, writes the picture that the page drew.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { finished, launch, visit } from "./browser.mjs";
import { easel, real } from "./server.mjs";

const clients = resolve("internal/api/clienttest"); // where the client libraries are pinned
const venv = resolve(".cache/clienttest/v1");
const dev = resolve("internal/engine/testdata/models/dev");
const library = resolve("node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch, "libonnxruntime.so.1");

let browser, server, page, drawn;
before(async () => {
  [server, browser] = await Promise.all([real(["--dev", dev]), launch()]);
  page = await visit(browser, server.address);
  await page.click("[data-tab=json]");
  await page.fill("[data-json]", JSON.stringify({ prompt: `it's "two" words 🦊`, megapixels: "0.25", num_inference_steps: 2, seed: 7, output_format: "png", aspect_ratio: "3:2" }));
  await page.press("[data-json]", "Control+Enter");
  const picture = await finished(page);
  assert.deepEqual([picture.width, picture.height], [608, 416]);
  drawn = Buffer.from(await (await fetch(picture.src)).arrayBuffer());
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** run takes a language's code from the page, runs it in a folder of its own, and reads what it wrote. */
async function run(language, { file, prepare }, command, output) {
  const dir = mkdtempSync(join(tmpdir(), `easel-${language}-`));
  try {
    await page.click(`[data-tab=${language}]`);
    const code = await page.textContent(`[data-panel=${language}] [data-code]`);
    const setup = await page.textContent(`[data-panel=${language}] [data-setup]`);
    const exported = Object.fromEntries([...setup.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
    writeFileSync(join(dir, file), code);
    prepare?.(dir);
    const said = execFileSync("bash", ["-c", command], {
      cwd: dir, stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...exported, EASEL_DEV: dev, EASEL_ORT_LIB: library, EASEL_DATA: join(dir, "data"), PATH: dirname(resolve(easel)) + delimiter + process.env.PATH },
    });
    return output ? readFileSync(join(dir, output)) : said;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const same = (bytes) => assert.ok(Buffer.from(bytes).equals(drawn), "another picture");

test("cURL", async () => {
  const answer = JSON.parse(await run("curl", { file: "run.sh" }, "bash run.sh"));
  same(await (await fetch(answer.output[0])).arrayBuffer());
});

test("Node.js", async () => {
  if (!existsSync(join(clients, "js/node_modules/replicate"))) execFileSync("npm", ["ci", "--silent"], { cwd: join(clients, "js") });
  const prepare = (dir) => symlinkSync(join(clients, "js/node_modules"), join(dir, "node_modules"));
  same(await run("node", { file: "easel.mjs", prepare }, "node easel.mjs", "output_0.png"));
});

test("Python", async () => {
  if (!existsSync(join(venv, "bin/python"))) {
    execFileSync("python3", ["-m", "venv", venv]);
    execFileSync(join(venv, "bin/pip"), ["install", "--quiet", "-r", join(clients, "py/v1.txt")]);
  }
  same(await run("python", { file: "easel.py" }, `${venv}/bin/python easel.py`, "output_0.png"));
});

test("Go", async () => {
  const prepare = (dir) => ["go.mod", "go.sum"].forEach((name) => copyFileSync(join(clients, "go", name), join(dir, name)));
  same(await run("go", { file: "main.go", prepare }, "go run .", "output_0.png"));
});

test("CLI", async () => {
  same(await run("cli", { file: "run.sh" }, "bash run.sh && mv $(find . -name out-0.png) drawn.png", "drawn.png"));
});
