// The playground in Firefox, which is driven by WebDriver BiDi. Skipped where
// there is no Firefox.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { scripted } from "./server.mjs";

const executablePath = [process.env.EASEL_FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => path && existsSync(path));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser, server;
before(async () => {
  if (!executablePath) return;
  [server, browser] = await Promise.all([scripted("20ms"), puppeteer.launch({ browser: "firefox", executablePath })]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const firefox = (name, body) => test(name, { skip: executablePath ? false : "no Firefox here" }, body);

async function open(path = "/") {
  const page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport({ width: 1280, height: 900 });
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  await page.goto(server.address + path);
  return page;
}

const headline = (page) => page.$eval("[data-headline]", (e) => e.textContent);

firefox("by keyboard: a prompt becomes a picture, with previews on the way", async () => {
  const page = await open();
  await page.evaluate(() => {
    window.steps = new Set();
    new MutationObserver((changes) => {
      for (const img of changes.flatMap((c) => [...c.addedNodes]).filter((n) => n.dataset?.step)) window.steps.add(img.dataset.step);
    }).observe(document.querySelector("[data-stage]"), { childList: true, subtree: true });
  });
  await page.focus("#prompt");
  await page.keyboard.type("a fox in Firefox");
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await page.waitForSelector("img[data-final]");
  assert.ok((await page.evaluate(() => window.steps.size)) >= 3, "three previews");
  assert.deepEqual(await page.$eval("img[data-final]", (img) => [img.naturalWidth, img.naturalHeight]), [1024, 1024]);
  assert.match(await headline(page), /^Done in \d/);
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`)));
  assert.deepEqual(found, []);
  assert.deepEqual(page.problems, []);
  await page.browserContext().close();
});

firefox("Escape cancels; a reload in the middle reattaches", async () => {
  const page = await open();
  await page.type("#prompt", "not wanted");
  await page.click("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /^Canceled in \d+ ms$/.test(document.querySelector("[data-headline]").textContent));
  await page.click("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.reload();
  await page.waitForSelector("img[data-final]");
  assert.equal(await page.$eval("#prompt", (e) => e.value), "not wanted");
  await page.browserContext().close();
});

firefox("the JSON tab, a picture of this machine, and before and after on the whole screen", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "easel-firefox-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const page = await open();
  await page.click("[data-tab=json]");
  await page.$eval("[data-json]", (e) => {
    e.value = JSON.stringify({ prompt: "from JSON", num_inference_steps: 2, aspect_ratio: "3:2" });
    e.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.click("[data-tab=form]");
  assert.equal(await page.$eval("[data-size]", (e) => e.textContent), "1216 × 832");
  const photo = await page.evaluate(async () => {
    const png = await new OffscreenCanvas(320, 200).getContext("2d").canvas.convertToBlob({ type: "image/png" });
    return [...new Uint8Array(await png.arrayBuffer())];
  });
  writeFileSync(join(dir, "photo.png"), Buffer.from(photo));
  await (await page.$("#image")).uploadFile(join(dir, "photo.png"));
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-detail]').textContent === "320×200");
  await page.click("[data-submit]");
  await page.waitForSelector(".frame-open");
  await page.focus(".frame-open");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[data-viewer][open] [data-compare]:not([hidden])");
  await page.keyboard.press("+");
  await page.keyboard.press("Escape");
  assert.equal(await page.$("dialog[open]"), null);
  assert.deepEqual(page.problems, []);
  await page.browserContext().close();
});

firefox("no page is wider than a phone", async () => {
  const page = await open();
  await page.setViewport({ width: 390, height: 844 });
  for (const path of ["/", "/history", "/api", "/styleguide", "/no-such-page"]) {
    await page.goto(server.address + path);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${path} is ${over} px too wide`);
  }
  await page.browserContext().close();
});
