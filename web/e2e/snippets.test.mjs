// Every snippet that the page shows, taken from it in the browser and run as
// it stands, writes the picture that the page drew: from words alone, and from
// pictures of this machine. So does the receiver of webhooks work as shown.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { finished, launch, visit } from "./browser.mjs";
import { easel, real } from "./server.mjs";

const clients = resolve("internal/api/clienttest"); // where the client libraries are pinned
const venv = resolve(".cache/clienttest/v1");
const dev = resolve("internal/engine/testdata/models/dev");
const library = resolve("node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch, "libonnxruntime.so.1");

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([real(["--dev", dev, "--allow-private"]), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const languages = {
  curl: { file: "run.sh", command: "bash run.sh > answer.json && curl -s -o output_0.png $(jq -r '.output[0]' answer.json)" },
  node: {
    file: "easel.mjs",
    command: "node easel.mjs",
    prepare(dir) {
      if (!existsSync(join(clients, "js/node_modules/replicate"))) execFileSync("npm", ["ci", "--silent"], { cwd: join(clients, "js") });
      symlinkSync(join(clients, "js/node_modules"), join(dir, "node_modules"));
    },
  },
  python: {
    file: "easel.py",
    command: `${venv}/bin/python easel.py`,
    prepare() {
      if (existsSync(join(venv, "bin/python"))) return;
      execFileSync("python3", ["-m", "venv", venv]);
      execFileSync(join(venv, "bin/pip"), ["install", "--quiet", "-r", join(clients, "py/v1.txt")]);
    },
  },
  go: {
    file: "main.go",
    command: "go run .",
    prepare: (dir) => ["go.mod", "go.sum"].forEach((name) => copyFileSync(join(clients, "go", name), join(dir, name))),
  },
  cli: { file: "run.sh", command: "bash run.sh && mv $(find . -name out-0.png) output_0.png" },
};

/** code is what the page shows of a language: what to do once, and the program. */
async function code(page, language) {
  await page.click(`[data-tab=${language}]`);
  const [setup, text] = await Promise.all(["setup", "code"].map((hook) => page.textContent(`[data-panel=${language}] [data-${hook}]`)));
  return { text, exported: Object.fromEntries([...setup.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])) };
}

/** run executes a snippet in a folder of its own, where the files lie, and reads the picture that it wrote. */
function run(language, { text, exported }, files) {
  const { file, command, prepare } = languages[language];
  const dir = mkdtempSync(join(tmpdir(), `easel-${language}-`));
  try {
    writeFileSync(join(dir, file), text);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
    prepare?.(dir);
    execFileSync("bash", ["-o", "pipefail", "-c", command], {
      cwd: dir, stdio: "pipe",
      env: { ...process.env, ...exported, EASEL_DEV: dev, EASEL_ORT_LIB: library, EASEL_DATA: join(dir, "data"), PATH: dirname(resolve(easel)) + delimiter + process.env.PATH },
    });
    return readFileSync(join(dir, "output_0.png"));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** drawn runs what the form holds, and reads the picture. */
async function drawn(page) {
  await page.click("[data-tab=form]");
  await page.click("[data-submit]");
  const picture = await finished(page);
  return { ...picture, bytes: Buffer.from(await (await fetch(picture.src)).arrayBuffer()) };
}

/** input gives the form a request by its JSON tab. */
async function input(page, values) {
  await page.click("[data-tab=json]");
  await page.fill("[data-json]", JSON.stringify({ num_inference_steps: 2, seed: 7, output_format: "png", ...values }));
}

async function everyLanguage(t, page, picture, files = {}) {
  for (const language of Object.keys(languages)) {
    await t.test(language, async () => {
      const snippet = await code(page, language);
      assert.ok(run(language, snippet, files).equals(picture.bytes), `another picture by\n${snippet.text}`);
    });
  }
}

test("from words", async (t) => {
  const page = await visit(browser, server.address);
  await input(page, { prompt: `it's "two" words 🦊`, megapixels: "0.25", aspect_ratio: "3:2" });
  const picture = await drawn(page);
  assert.deepEqual([picture.width, picture.height], [608, 416]);
  await everyLanguage(t, page, picture);
});

/** painted is a PNG of a picture that a few strokes make. */
const painted = (page, width, height, strokes) => page.evaluate(async ([width, height, strokes]) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  for (const [colour, ...box] of strokes) {
    context.fillStyle = colour;
    context.fillRect(...box);
  }
  return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer())];
}, [width, height, strokes]).then((bytes) => Buffer.from(bytes));

test("from a photograph and a mask on this machine", async (t) => {
  const page = await visit(browser, server.address);
  const files = {
    "it's my photo.png": await painted(page, 320, 256, [["teal", 0, 0, 320, 256], ["gold", 90, 60, 120, 120]]),
    "mask.png": await painted(page, 320, 256, [["black", 0, 0, 320, 256], ["white", 160, 0, 160, 256]]),
  };
  const [photo, mask] = Object.entries(files).map(([name, buffer]) => ({ name, buffer, mimeType: "image/png" }));
  await input(page, { prompt: "repaint the right half" });
  await page.setInputFiles("#image", photo);
  await page.setInputFiles("#mask", mask);
  await page.waitForFunction(() => [...document.querySelectorAll("[data-picture] [data-detail]")].every((e) => e.textContent === "320×256"));
  await page.click("[data-tab=json]");
  assert.match(await page.inputValue("[data-json]"), /"image": "attached:it's my photo\.png"/);
  const picture = await drawn(page);
  assert.deepEqual([picture.width, picture.height], [320, 256]);
  await everyLanguage(t, page, picture, files);
});

test("the receiver of webhooks believes this server and nobody else", async () => {
  const page = await visit(browser, server.address, "/api");
  const [setup, program] = await Promise.all(["-setup", ""].map((part) => page.textContent(`[data-receiver${part}]`)));
  const secret = execFileSync("bash", ["-c", `${setup.replace(/^npm.*$/m, "")}\necho -n "$WEBHOOK_SECRET"`], { encoding: "utf8" });
  assert.match(secret, /^whsec_/);
  const dir = mkdtempSync(join(tmpdir(), "easel-receiver-"));
  const port = await freePort();
  languages.node.prepare(dir);
  writeFileSync(join(dir, "receiver.mjs"), program);
  const receiver = spawn("node", ["receiver.mjs"], { cwd: dir, env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) } });
  try {
    const webhook = `http://127.0.0.1:${port}/`;
    let heard = "";
    const told = new Promise((resolve) => receiver.stdout.on("data", (chunk) => /succeeded/.test((heard += chunk)) && resolve()));
    await until(async () => (await fetch(webhook, { method: "POST", body: `{"status":"forged"}` })).status === 401);
    const input = { prompt: "tell me", megapixels: "0.25", num_inference_steps: 1 };
    await fetch(`${server.address}/v1/models/easel/emoji/predictions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ input, webhook }) });
    await told;
    assert.doesNotMatch(heard, /forged/);
  } finally {
    receiver.kill();
    rmSync(dir, { recursive: true, force: true });
  }
});

/** until asks again and again, for half a minute. */
async function until(holds) {
  for (let i = 0; i < 300; i++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail("it never came");
}

const freePort = () => new Promise((resolve) => {
  const listener = createServer().listen(0, "127.0.0.1", () => {
    const { port } = listener.address();
    listener.close(() => resolve(port));
  });
});
