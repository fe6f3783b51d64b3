// The history as a person uses it, over a scripted generator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, tabTo, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";
import { draw } from "./share.mjs";

const many = 110; // three pages

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms"), launch()]);
  for (let i = 0; i < many; i++) await draw(server.address, { prompt: `picture ${i}`, seed: i });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const visitHistory = (path = "/history", options) => visit(browser, server.address, path, options);
const tile = (page, prompt) => page.locator(".tile-cell", { hasText: new RegExp(`${prompt}\\b`) });
const focused = (page) => page.evaluate(() => document.activeElement.closest("[data-tile]")?.querySelector(".tile-prompt").textContent);

test("thumbnails are small and load, and scrolling brings every picture once", async () => {
  const page = await visitHistory();
  const first = page.locator(".tile img").first();
  await page.waitForFunction(() => document.querySelector(".tile img").naturalWidth > 0);
  assert.equal(await first.evaluate((img) => Math.max(img.naturalWidth, img.naturalHeight)), 448);
  for (let i = 0; i < 30 && (await page.locator(".tile-cell").count()) < many; i++) {
    await page.mouse.wheel(0, 6000);
    await page.waitForTimeout(100);
  }
  const prompts = await page.locator(".tile-prompt").allTextContents();
  assert.deepEqual(prompts, Array.from({ length: many }, (_, i) => `picture ${many - 1 - i}`));
  assert.equal(await page.locator("[data-older]").count(), 0);
  assert.deepEqual(page.problems, []);
});

test("going to a picture far down and back finds the same place", async () => {
  const page = await visitHistory();
  for (let i = 0; i < 30 && (await page.locator(".tile-cell").count()) < many; i++) {
    await page.mouse.wheel(0, 6000);
    await page.waitForTimeout(100);
  }
  await tile(page, "picture 12").scrollIntoViewIfNeeded();
  const before = await tile(page, "picture 12").evaluate((e) => e.getBoundingClientRect().top);
  await tile(page, "picture 12").locator("a.tile").click();
  await page.waitForURL(/\/p\//);
  await page.goBack();
  await page.waitForFunction(() => [...document.querySelectorAll(".tile-prompt")].some((e) => e.textContent === "picture 12"));
  await page.waitForTimeout(300);
  const now = await tile(page, "picture 12").evaluate((e) => e.getBoundingClientRect().top);
  assert.ok(Math.abs(now - before) < 40, `${before} before, ${now} now`);
  await page.goForward();
  assert.match(await page.textContent("h1"), /picture 12/);
});

test("by keyboard: arrows move, x selects, s stars, Delete deletes, and undo brings it back", async () => {
  const page = await visitHistory();
  await tabTo(page, ".tile");
  assert.equal(await focused(page), "picture 109");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "picture 108");
  const columns = await page.evaluate(() => getComputedStyle(document.querySelector(".gallery")).gridTemplateColumns.split(" ").length);
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(page), `picture ${108 - columns}`);
  await page.keyboard.press("Home");
  await page.keyboard.press("s");
  await tile(page, "picture 109").locator('[data-star][aria-pressed="true"]').waitFor();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("x");
  assert.equal(await page.textContent("[data-count]"), "2 selected");
  assert.ok(await page.isVisible("[data-select-bar]"));
  await accessible(page, "selected");
  await page.keyboard.press("Delete");
  await page.waitForSelector(".undo");
  assert.equal(await tile(page, "picture 109").isVisible(), false);
  assert.equal(await focused(page), "picture 107");
  const other = await visitHistory();
  assert.equal(await tile(other, "picture 109").count(), 0);
  await accessible(page, "undo");
  await page.click("[data-undo]");
  await tile(page, "picture 109").waitFor();
  assert.equal(await focused(page), "picture 109");
  await other.reload();
  assert.equal(await tile(other, "picture 108").count(), 1);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/p\//);
  assert.deepEqual([...page.problems, ...other.problems], []);
});

test("what is deleted and not wanted back is gone for good", async () => {
  const gone = await draw(server.address, { prompt: "throw me away" });
  const page = await visitHistory();
  await tile(page, "throw me away").hover();
  await tile(page, "throw me away").locator("[data-pick]").check();
  await page.click("[data-delete]");
  await page.waitForSelector(".undo");
  assert.equal((await fetch(gone.urls.get)).status, 200); // until it is too late to undo
  const deadline = Date.now() + 30_000;
  while ((await fetch(gone.urls.get)).status !== 404) {
    assert.ok(Date.now() < deadline, "never deleted");
    await page.waitForTimeout(500);
  }
  assert.equal((await fetch(gone.output[0])).status, 404);
});

test("search and filters, with their address", async () => {
  await assert.rejects(draw(server.address, { prompt: "fail on purpose" }));
  const page = await visitHistory();
  await page.keyboard.press("/");
  await page.keyboard.type("picture 42");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=picture/);
  assert.deepEqual(await page.locator(".tile-prompt").allTextContents(), ["picture 42"]);
  await page.goto(server.address + "/history");
  await page.selectOption('[name="status"]', "failed");
  await page.waitForURL(/status=failed/);
  assert.deepEqual(await page.locator(".tile-prompt").allTextContents(), ["fail on purpose"]);
  await page.goto(server.address + "/history");
  await tile(page, "picture 100").hover();
  await tile(page, "picture 100").locator("[data-star]").click();
  await tile(page, "picture 100").locator('[aria-pressed="true"]').waitFor();
  await page.check('[name="starred"]');
  await page.waitForURL(/starred=1/);
  assert.ok((await page.locator(".tile-prompt").allTextContents()).includes("picture 100"));
  await page.goto(server.address + "/history?q=nothing-like-it");
  assert.match(await page.textContent("main"), /No prompt holds/);
});

test("on from a picture: tweak, new seed, as input", async () => {
  const page = await visitHistory();
  const menu = async (item) => {
    await page.goto(server.address + "/history?q=picture+31");
    await page.locator(".tile-more").first().click();
    await page.locator(".menu:popover-open").getByText(item).click();
    await page.waitForURL(/\/\?/);
  };
  await menu("Tweak it");
  assert.equal(await page.inputValue("#prompt"), "picture 31");
  assert.equal(await page.inputValue("#seed"), "31");
  await menu("Same, new seed");
  assert.equal(await page.inputValue("#prompt"), "picture 31");
  assert.equal(await page.inputValue("#seed"), "");
  await menu("Use as input");
  assert.match(await page.inputValue('[data-picture="image"] [data-address]'), /\/files\/[0-9a-z]{26}\/out-0/);
  await page.goto(server.address + "/history?q=picture+31");
  await page.locator(".tile-more").first().click();
  await accessible(page, "menu");
  assert.match(await page.locator(".menu:popover-open").getByText("Paint on it").getAttribute("href"), /^\/\?paint=%2Ffiles%2F/);
  assert.deepEqual(page.problems, []);
});

test("a run that is still going on comes to its end in the history, by itself", async () => {
  await fetch(`${server.address}/v1/models/easel/emoji/predictions`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ input: { prompt: "take your time", num_inference_steps: 50, megapixels: "0.25" } }),
  });
  const page = await visitHistory();
  const mine = tile(page, "take your time");
  await mine.locator("[data-pick]").check({ force: true });
  await mine.locator('.dot[data-status="succeeded"]').waitFor();
  await mine.locator("img").waitFor();
  assert.ok(await mine.locator("[data-pick]").isChecked());
  assert.deepEqual(page.problems, []);
});

test("by finger on a phone: select, star, delete, undo", async () => {
  const page = await visitHistory("/history?q=picture", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  for (const n of [70, 71]) await tile(page, `picture ${n}`).locator("[data-pick]").tap();
  assert.equal(await page.textContent("[data-count]"), "2 selected");
  const bar = await page.locator("[data-select-bar]").boundingBox();
  assert.ok(bar.height < 64 && bar.width <= 390, JSON.stringify(bar));
  await page.locator('[data-select-bar] [value="star"]').tap();
  await tile(page, "picture 70").locator('[data-star][aria-pressed="true"]').waitFor();
  await page.locator("[data-delete]").tap();
  await page.locator("[data-undo]").tap();
  await tile(page, "picture 71").waitFor();
  await tile(page, "picture 71").locator(".tile-more").tap();
  await page.locator("[data-delete-one]:visible").tap();
  await tile(page, "picture 71").waitFor({ state: "hidden" });
  await page.locator("[data-undo]").tap();
  await tile(page, "picture 71").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  assert.deepEqual(page.problems, []);
});

test("a failed run tells why, several pictures are counted", async () => {
  await draw(server.address, { prompt: "three at once", num_outputs: 3 });
  await assert.rejects(draw(server.address, { prompt: "fail and say why" }));
  const page = await visitHistory("/history?status=failed");
  assert.match(await page.textContent(".tile-error"), /\w/);
  await page.goto(server.address + "/history?q=three+at+once");
  assert.equal(await page.textContent(".tile-many"), "3 pictures"); // to those who hear it
  await accessible(page, "counted");
});

test("without script: pages, search, stars, delete and undo", async () => {
  const page = await visitHistory("/history", { javaScriptEnabled: false });
  assert.equal(await page.locator(".tile-cell").count(), 48);
  await page.click('[rel="next"]');
  assert.equal(await page.locator(".tile-cell").count(), 48);
  await page.goto(server.address + "/history?q=picture+50");
  await tile(page, "picture 50").hover();
  await tile(page, "picture 50").locator("[data-star]").click();
  await tile(page, "picture 50").locator('[aria-pressed="true"]').waitFor();
  assert.match(page.url(), /q=picture/);
  await tile(page, "picture 50").locator("[data-pick]").check();
  await page.click("[data-delete]");
  assert.match(await page.textContent("[data-going]"), /deleted for good in \d+ s/);
  assert.equal(await tile(page, "picture 50").count(), 0);
  await page.click('[data-going] [value="restore"]');
  assert.equal(await tile(page, "picture 50").count(), 1);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in the history, ${colorScheme}`, async () => {
    const page = await visitHistory("/history", { colorScheme });
    await accessible(page, "history");
    await page.keyboard.press("?");
    await accessible(page, "keys");
  });
}
