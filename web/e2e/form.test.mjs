// What the form knows beyond its fields: tokens, recipes, adapters, large photographs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, finished, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("5ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path = "/", options) => visit(browser, server.address, path, options);

/** dropFile drops a file on an element as a person does from a folder. */
async function dropFile(page, selector, { name, type, bytes }) {
  const data = await page.evaluateHandle(({ name, type, bytes }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    return transfer;
  }, { name, type, bytes: [...bytes] });
  await page.dispatchEvent(selector, "drop", { dataTransfer: data });
}

/** photograph is a JPEG of that size, drawn in the browser. */
const photograph = (page, width, height) => page.evaluate(async ([width, height]) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "teal";
  context.fillRect(0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.5 });
  return [...new Uint8Array(await blob.arrayBuffer())];
}, [width, height]);

/** kept waits until the browser has written down the chosen picture of that name; "" waits for none. */
async function kept(page, name) {
  for (let i = 0; i < 200; i++) {
    const now = await page.evaluate(() => new Promise((resolve) => {
      const opened = indexedDB.open("easel.pictures", 1);
      opened.onsuccess = () => {
        const asked = opened.result.transaction("pictures").objectStore("pictures").get("image");
        asked.onsuccess = () => resolve(asked.result?.name ?? "");
      };
    }));
    if (now === name) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`the browser does not keep ${name || "nothing"}`);
}

test("the prompt's tokens are counted, and what is cut is marked", async () => {
  const page = await open();
  await page.fill("#prompt", "a small red fox");
  await page.waitForFunction(() => document.querySelector('[data-field="prompt"] [data-aside]').textContent === "4 / 12 tokens");
  assert.equal(await page.locator("[data-cut] mark").count(), 0);
  await page.fill("#prompt", "one two three four five six seven eight nine ten eleven twelve thirteen 🦊 fifteen");
  await page.waitForSelector("[data-cut] mark", { state: "attached" });
  assert.equal(await page.textContent("[data-cut] mark"), " thirteen 🦊 fifteen");
  assert.match(await page.textContent("[data-cut-note]"), /3 tokens/);
  const [mirror, area] = await page.evaluate(() => ["[data-cut]", "#prompt"].map((s) => document.querySelector(s).getBoundingClientRect().toJSON()));
  assert.deepEqual(mirror, area, "the mark lies under its text");
  await accessible(page, "cut");
  assert.deepEqual(page.problems, []);
});

test("the page and the server say the same of what is wrong", async () => {
  const page = await open();
  await page.click("[data-tab=json]");
  for (const input of [
    {}, { prompt: "p", num_outputs: 0 }, { prompt: "p", num_outputs: 9 }, { prompt: "p", guidance_scale: 10.5 }, { prompt: "p", lora_scale: -2 },
    { prompt: "p", num_inference_steps: 1.5 }, { prompt: "p", seed: 2 ** 60 }, { prompt: "p", aspect_ratio: "custom", width: 512 }, { prompt: "p", aspect_ratio: "custom", width: 100, height: 512 },
    { prompt: "p", mask: "https://example.com/m.png" }, { prompt: "p", image: "no address" }, { prompt: "p", model: "pro" }, { prompt: 7 }, { prompt: "p", go_fast: "yes" },
  ]) {
    await page.fill("[data-json]", JSON.stringify(input));
    const here = (await page.textContent("[data-json-note]")).split("; ").map((line) => line.replace(/^\w+: /, ""));
    const answer = await fetch(`${server.address}/v1/models/easel/emoji/predictions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ input }) });
    const there = (await answer.json()).invalid_fields?.map((v) => v.description) ?? [];
    assert.deepEqual(here.sort(), there.sort(), JSON.stringify(input));
  }
});

test("a seed is locked and let go", async () => {
  const page = await open();
  await page.fill("#prompt", "a fox");
  await page.click("text=Model and sampling");
  await page.fill("#num_inference_steps", "2");
  await page.click("[data-submit]");
  await finished(page);
  const lock = page.locator("[data-lock=seed]");
  assert.equal(await lock.getAttribute("aria-pressed"), "false");
  await lock.click();
  assert.equal(await page.inputValue("#seed"), "1", "the run's own seed");
  assert.equal(await lock.getAttribute("aria-pressed"), "true");
  await lock.click();
  assert.equal(await page.inputValue("#seed"), "");
  await page.click("[data-dice=seed]");
  const [first, second] = [await page.inputValue("#seed"), await page.click("[data-dice=seed]").then(() => page.inputValue("#seed"))];
  assert.match(first, /^\d{1,10}$/);
  assert.notEqual(first, second);
});

test("a picture that tells how it was made fills the form", async () => {
  const page = await open();
  const parameters = "parameters\0a lighthouse in fog\nSteps: 20, Sampler: Euler, CFG scale: 3.5, Seed: 4242, Size: 832x1216, Model: flux1-dev";
  const drawn = await page.evaluate(async () => {
    const blob = await new OffscreenCanvas(16, 16).getContext("2d").canvas.convertToBlob({ type: "image/png" });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const bytes = withText(Buffer.from(drawn), parameters);
  await dropFile(page, "h1", { name: "fog.png", type: "image/png", bytes });
  await page.waitForFunction(() => document.querySelector("#prompt").value === "a lighthouse in fog");
  assert.deepEqual(await page.evaluate(() => ["seed", "num_inference_steps", "guidance_scale", "width", "height"].map((n) => document.querySelector(`#${n}`).value)),
    ["4242", "20", "3.5", "832", "1216"]);
  assert.match(await page.textContent("[data-form-note]"), /fog\.png/);
  await page.fill("#prompt", "something else");
  assert.equal(await page.isVisible("[data-form-note]"), false);
  await dropFile(page, '[data-picture="image"] [data-drop]', { name: "fog.png", type: "image/png", bytes });
  await page.waitForSelector('[data-picture="image"] [data-offer]:not([hidden])', { state: "attached" });
  await page.evaluate(() => (document.querySelector('[data-picture="image"]').closest("details").open = true));
  await page.click('[data-picture="image"] [data-offer]');
  assert.equal(await page.inputValue("#prompt"), "a lighthouse in fog");
  await dropFile(page, "h1", { name: "plain.png", type: "image/png", bytes: drawn });
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-name]').textContent === "plain.png");
  assert.match(await page.textContent("[data-form-note]"), /does not tell/);
});

test("a 50-megapixel photograph is scaled, and the page says so; a small one is kept as it is over a reload", async () => {
  const page = await open();
  const large = await photograph(page, 8660, 5774);
  await page.setInputFiles("#image", { name: "alps.jpg", mimeType: "image/jpeg", buffer: Buffer.from(large) });
  await page.waitForSelector('[data-picture="image"] [data-notice]:not([hidden])', { state: "attached" });
  assert.match(await page.textContent('[data-picture="image"] [data-notice]'), /Scaled from 8660×5774 to 7745×5164: pictures may have 40 megapixels/);
  const small = Buffer.from(await photograph(page, 320, 200));
  await page.setInputFiles("#image", { name: "small.jpg", mimeType: "image/jpeg", buffer: small });
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-detail]').textContent === "320×200");
  assert.equal(await page.textContent('[data-picture="image"] [data-notice]'), "");
  await kept(page, "small.jpg");
  await page.reload();
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-name]').textContent === "small.jpg");
  await page.evaluate(() => (document.querySelector('[data-picture="image"]').closest("details").open = true));
  await page.click('[data-picture="image"] [data-clear]');
  await kept(page, "");
  await page.reload();
  await page.waitForSelector('[data-tab="form"][aria-selected="true"]'); // the script runs
  assert.equal(await page.textContent('[data-picture="image"] [data-name]'), "Choose a picture");
  await page.setInputFiles("#image", { name: "torn.jpg", mimeType: "image/jpeg", buffer: small.subarray(0, 20) });
  await page.waitForSelector('#error-image:not([hidden])', { state: "attached" });
  assert.equal(await page.textContent("#error-image"), "torn.jpg cannot be read as a picture");
});

/** withText puts a tEXt chunk after a PNG's header. */
function withText(png, text) {
  const data = Buffer.concat([Buffer.from("tEXt"), Buffer.from(text, "latin1")]);
  const chunk = Buffer.alloc(data.length + 8);
  chunk.writeUInt32BE(data.length - 4);
  data.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(data), data.length + 4);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

function crc32(data) {
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}
