// Every way in which a picture comes into the form.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { finished, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";
import { draw } from "./share.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path = "/", options) => visit(browser, server.address, path, options);
const name = (page) => page.textContent('[data-picture="image"] [data-name]');
const address = (page) => page.inputValue('[data-picture="image"] [data-address]');

/** dragLink drops what another tab hands over when one of its pictures or links is dragged here. */
async function dragLink(page, selector, link) {
  const data = await page.evaluateHandle((link) => {
    const transfer = new DataTransfer();
    transfer.setData("text/uri-list", link);
    return transfer;
  }, link);
  await page.dispatchEvent(selector, "drop", { dataTransfer: data });
}

test("pasted from the clipboard", async () => {
  const page = await open();
  await page.evaluate(async () => {
    const png = await new OffscreenCanvas(320, 240).getContext("2d").canvas.convertToBlob({ type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  });
  await page.keyboard.press("Control+V");
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-detail]').textContent === "320×240");
  assert.ok(await page.isVisible('[data-picture="image"] [data-clear]'), "its group is open");
  assert.equal(await page.textContent('[data-field="aspect_ratio"] [data-void-note]'), "Ignored: an image is given");
  await page.click('[data-picture="image"] [data-clear]');
  assert.equal(await name(page), "Choose a picture");
  assert.equal(await page.isVisible('[data-field="aspect_ratio"] [data-void-note]'), false);
});

test("dragged from another tab, onto its place or anywhere", async () => {
  const page = await open();
  await dragLink(page, '[data-picture="image"] [data-drop]', "# a comment\r\nhttps://example.com/cat.png");
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-address]').value === "https://example.com/cat.png");
  await dragLink(page, "h1", "https://example.com/dog.png");
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-address]').value === "https://example.com/dog.png");
  assert.ok(await page.isVisible('[data-picture="image"] [data-address]'), "its group is open");
  await dragLink(page, "h1", "javascript:alert(1)");
  assert.equal(await address(page), "https://example.com/dog.png");
  assert.deepEqual(page.problems, [], "nothing was loaded from there");
});

test("dragged from the history: a tile means its picture, and a run starts from it", async () => {
  const made = await draw(server.address, { prompt: "an old one" });
  const page = await open();
  await dragLink(page, "h1", `${server.address}/p/${made.id}`);
  await page.waitForFunction(() => document.querySelector('[data-picture="image"] [data-address]').value !== "");
  assert.equal(await address(page), made.output[0]);
  await page.fill("#prompt", "a new one");
  await page.click("[data-submit]");
  await finished(page);
  await page.click(".frame-open");
  await page.waitForSelector("dialog[data-viewer][open]");
  assert.ok(await page.isVisible("[data-compare]"), "before and after");
  await page.focus("[data-divider]");
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("[data-viewer]").style.getPropertyValue("--divide") === "0");
});

test("named by an address, which must be one", async () => {
  const page = await open();
  await page.fill("#prompt", "a fox");
  await page.click('summary[data-title="Start from a picture"]');
  await page.fill('[data-picture="image"] [data-address]', "cat.png");
  await page.keyboard.press("Tab");
  assert.equal(await page.textContent("#error-image"), "Does not match format 'uri'");
  await page.fill('[data-picture="image"] [data-address]', "http://127.0.0.1:9/cat.png");
  assert.equal(await page.isVisible("#error-image"), false);
});

test("what is no picture is refused by name", async () => {
  const page = await open();
  await page.click('summary[data-title="Start from a picture"]');
  await page.setInputFiles("#image", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("words") });
  await page.waitForSelector("#error-image:not([hidden])");
  assert.equal(await page.textContent("#error-image"), "notes.txt is not a picture");
  assert.equal(await name(page), "Choose a picture");
});

test("a picture just made is the next one's beginning", async () => {
  const page = await open();
  await page.fill("#prompt", "a beginning");
  await page.click("[data-submit]");
  const { src } = await finished(page);
  await page.click("[data-use]");
  assert.equal(await address(page), src);
});
