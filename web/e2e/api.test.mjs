// The page that tells developers how to call the model.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("2ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the model's own examples are drawn at a press, and come by themselves", async () => {
  const page = await visit(browser, server.address, "/api");
  await page.click("text=Draw them");
  await page.waitForFunction(() => document.querySelectorAll(".gallery .tile img").length === 4);
  assert.match(await page.textContent(".gallery"), /an astronaut fox/);
  await page.waitForFunction(() => document.querySelector("[data-fresh]").dataset.fresh === "no more");
  await page.reload();
  await accessible(page, "examples");
  assert.deepEqual(page.problems, []);
});

test("the first request in each language, and examples that were run", async () => {
  const create = `${server.address}/v1/models/easel/emoji/predictions`;
  await fetch(create, { method: "POST", headers: { "Content-Type": "application/json", Prefer: "wait" }, body: JSON.stringify({ input: { prompt: "really drawn", num_inference_steps: 1 } }) });
  const page = await visit(browser, server.address, "/api");
  await page.focus("[data-tab=curl]");
  for (const language of ["curl", "node", "python", "go", "cli"]) {
    assert.match(await page.textContent(`[data-panel=${language}] [data-code]`), /a cat with sunglasses/);
    await page.keyboard.press("ArrowRight");
  }
  assert.match(await page.textContent(".gallery"), /really drawn/);
  assert.equal(await page.locator(".table-inputs tbody tr").count(), 20);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, colorScheme);
  }
  await page.click("[data-tab=curl]");
  await page.click("[data-panel=curl] .code:has([data-code]) [data-copy]");
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /predictions$/);
  assert.deepEqual(page.problems, []);
});

test("without script the first request is there as cURL", async () => {
  const page = await visit(browser, server.address, "/api", { javaScriptEnabled: false });
  assert.match(await page.textContent("[data-panel=curl] [data-code]"), /^curl -s -X POST/);
});

test("a test address shows what arrives, by itself", async () => {
  const page = await visit(browser, server.address, "/api");
  await page.click("text=Make a test address");
  await page.waitForSelector("text=Nothing has arrived yet");
  const address = (await page.textContent(".code pre")).trim();
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json", "Webhook-Id": "msg_1" }, body: `{"status":"processing"}` });
  assert.equal(answer.status, 204);
  await page.waitForSelector("text=status processing");
  assert.match(await page.textContent("main"), /msg_1/);
  await accessible(page, "a test address");
});

test("nothing is wider than the screen", async () => {
  for (const width of [360, 390, 768, 1440]) {
    const page = await visit(browser, server.address, "/api", { viewport: { width, height: 800 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `at ${width} px`);
    await page.context().close();
  }
});
