// Pictures of Easel and texts of others fill the form again, with the real engine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, visit } from "./browser.mjs";
import { real } from "./server.mjs";
import { draw } from "./share.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([real(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** drop lets go of a file, or of a text, over the page. */
async function drop(page, { name, type, bytes, text }) {
  const data = await page.evaluateHandle(({ name, type, bytes, text }) => {
    const transfer = new DataTransfer();
    if (bytes) transfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    else transfer.setData("text/plain", text);
    return transfer;
  }, { name, type, bytes: bytes && [...bytes], text });
  await page.dispatchEvent("h1", "drop", { dataTransfer: data });
}

const holds = (page, prompt) => page.waitForFunction((prompt) => document.querySelector("#prompt").value === prompt, prompt);
const values = (page, ...names) => page.evaluate((names) => names.map((n) => document.querySelector(`#${n}`).value), names);

test("a picture dropped on the page tells how it was made, in each format", async () => {
  const page = await visit(browser, server.address);
  for (const [i, format] of ["png", "webp", "jpg"].entries()) {
    const prompt = `a fox, "number ${i}" 狐`;
    const made = await draw(server.address, { prompt, model: "schnell", seed: 70 + i, guidance_scale: 2 + i, output_format: format, aspect_ratio: "16:9" });
    const bytes = Buffer.from(await (await fetch(made.output[0])).arrayBuffer());
    await drop(page, { name: `fox.${format}`, type: format === "jpg" ? "image/jpeg" : `image/${format}`, bytes });
    await holds(page, prompt);
    assert.deepEqual(await values(page, "seed", "guidance_scale", "num_inference_steps"), [String(70 + i), String(2 + i), "1"], format);
    for (const [name, value] of [["model", "schnell"], ["megapixels", "0.25"], ["aspect_ratio", "16:9"], ["output_format", format]]) {
      assert.ok(await page.locator(`[name="${name}"][value="${value}"]`).isChecked(), `${format}: ${name}`);
    }
    assert.match(await page.textContent("[data-form-note]"), new RegExp(`fox\\.${format}`));
  }
  assert.deepEqual(page.problems, []);
});

test("parameters of others, as text: dropped, as a file, and pasted into the prompt", async () => {
  const parameters = (prompt) => `${prompt}\nNegative prompt: fog\nSteps: 20, Sampler: Euler, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 4242, Size: 832x1216, Model: flux1-dev`;
  const page = await visit(browser, server.address);
  await drop(page, { text: parameters("dropped text") });
  await holds(page, "dropped text");
  await drop(page, { name: "notes.txt", type: "text/plain", bytes: Buffer.from(parameters("a text file")) });
  await holds(page, "a text file");
  await page.evaluate((text) => navigator.clipboard.writeText(text), parameters("pasted"));
  await page.focus("#prompt");
  await page.keyboard.press("ControlOrMeta+v");
  await holds(page, "pasted");
  assert.deepEqual(await values(page, "seed", "num_inference_steps", "guidance_scale", "width", "height"), ["4242", "20", "3.5", "832", "1216"]);
  await page.evaluate(() => navigator.clipboard.writeText(" and Steps: of stone"));
  await page.focus("#prompt");
  await page.keyboard.press("End");
  await page.keyboard.press("ControlOrMeta+v");
  await holds(page, "pasted and Steps: of stone"); // plain text stays plain text
  assert.deepEqual(page.problems, []);
});
