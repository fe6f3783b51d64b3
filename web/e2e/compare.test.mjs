// Two pictures held against each other: any two runs, and before and after.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, finished, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";
import { draw } from "./share.mjs";

let browser, server, fox, owl, from;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms"), launch()]);
  fox = await draw(server.address, { prompt: "a fox", seed: 1, output_format: "webp", guidance_scale: 3 });
  owl = await draw(server.address, { prompt: "an owl", seed: 2, num_outputs: 3 });
  from = await draw(server.address, { prompt: "from a fox", seed: 3, image: fox.output[0] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const go = (path, options) => visit(browser, server.address, path, options);
const rows = (page) => page.$$eval(".table tbody tr", (all) => Object.fromEntries(all.map((r) => {
  const [name, a, b] = [...r.children].map((cell) => cell.firstChild?.textContent.trim() || cell.textContent.trim() || cell.querySelector("img")?.alt);
  return [name, [r.classList.contains("table-differs"), a, b]];
})));
const share = (page) => page.$eval("[data-overlay]", (e) => Number(getComputedStyle(e).getPropertyValue("--divide")));

test("two that are selected in the history are compared; what differs is marked, a default that is the same is not", async () => {
  const page = await go("/history");
  for (const prompt of ["a fox", "an owl"]) {
    const tile = page.locator(".tile-cell").filter({ has: page.getByText(prompt, { exact: true }) });
    await tile.hover();
    await tile.locator("[data-pick]").check();
  }
  await page.click("[data-compare-picked]");
  await page.waitForURL(/\/compare\?a=/);
  assert.equal(new URL(page.url()).searchParams.get("a"), fox.id, "the older one is A");
  const said = await rows(page);
  assert.deepEqual(said.prompt, [true, "a fox", "an owl"]);
  assert.deepEqual(said.output_format, [false, "webp", "webp"], "given, or the default: the same");
  assert.deepEqual(said.num_outputs, [true, "1", "3"]);
  assert.deepEqual(said.num_inference_steps, [false, "1", "1"]);
  assert.equal("mask" in said, false);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, `compare, ${colorScheme}`);
  }
  await page.click("text=Swap");
  await page.waitForURL(new RegExp(`a=${owl.id}`));
  assert.deepEqual((await rows(page)).seed, [true, "2", "1"]);
  assert.deepEqual(page.problems, []);
});

test("the line between the two is dragged on the picture, by finger, by slider and by keys", async () => {
  const page = await go(`/compare?a=${fox.id}&b=${owl.id}`);
  const picture = await page.locator("[data-divided] img").first().boundingBox();
  const at = (part) => [picture.x + part * picture.width, picture.y + picture.height / 2];
  await page.mouse.move(...at(0.9));
  await page.mouse.down();
  await page.mouse.move(...at(0.25), { steps: 5 });
  await page.mouse.up();
  assert.ok(Math.abs((await share(page)) - 0.25) < 0.01, String(await share(page)));
  await page.mouse.move(...at(0.8)); // and let go
  assert.ok((await share(page)) < 0.3);
  const line = await page.locator("[data-divider-line]").boundingBox();
  assert.ok(Math.abs(line.x - at(0.25)[0]) < 2, "the line is where the pictures part");
  const clip = await page.locator("[data-divided] img").nth(1).evaluate((img) => getComputedStyle(img).clipPath);
  assert.match(clip, /^inset\(0(px)? calc\(75%|^inset\(0(px)? 7[45]/, clip);
  await page.focus("[data-overlay-range]");
  await page.keyboard.press("Home");
  assert.equal(await share(page), 0);
  await page.keyboard.press("ArrowRight");
  assert.ok((await share(page)) > 0);

  const phone = await go(`/compare?a=${fox.id}&b=${owl.id}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const box = await phone.locator("[data-divided] img").first().boundingBox();
  await phone.touchscreen.tap(box.x + 0.7 * box.width, box.y + 40);
  assert.ok(Math.abs((await share(phone)) - 0.7) < 0.02, String(await share(phone)));
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
});

test("another picture of several, and another run by search, without script too", async () => {
  const page = await go(`/compare?a=${fox.id}&b=${owl.id}`, { javaScriptEnabled: false });
  await page.click('[aria-label="Pictures of B"] [aria-label="Picture 3"]');
  assert.equal(new URL(page.url()).searchParams.get("pb"), "2");
  assert.match(await page.locator('[aria-label="Run B"] .compare-wall img').getAttribute("src"), /out-2/);
  await page.click("text=Choose another for B");
  assert.equal(await page.locator(".tile-prompt").count(), 2, "not the same again");
  await page.fill('[name="q"]', "owl");
  await page.click("text=Search");
  assert.deepEqual(await page.locator(".tile-prompt").allTextContents(), ["an owl"]);
  await page.click(".tile");
  assert.deepEqual((await rows(page)).prompt.slice(1), ["a fox", "an owl"]);
  const scripted = await go(`/compare?a=${fox.id}&q=nothing-like-it`, { colorScheme: "dark" });
  assert.match(await scripted.textContent("main"), /No other prompt holds/);
  await accessible(scripted, "nothing to choose");
  await scripted.goto(`${server.address}/compare?a=${fox.id}`);
  await accessible(scripted, "choice");
});

test("pictures that were given are seen; the same one, given twice, is no difference", async () => {
  const bytes = Buffer.from(await (await fetch(fox.output[0])).arrayBuffer()).toString("base64");
  const twice = [];
  for (const seed of [5, 6]) twice.push(await draw(server.address, { prompt: "again", seed, image: `data:image/png;base64,${bytes}` }));
  const page = await go(`/compare?a=${twice[0].id}&b=${twice[1].id}`);
  const said = await rows(page);
  assert.equal(said.image[0], false);
  assert.equal(said.seed[0], true);
  assert.ok(await page.locator('img[alt="The image given"]').first().evaluate((img) => img.decode().then(() => img.naturalWidth > 0)));
});

test("before and after on the whole screen: the line is dragged, and stays on the picture when that is zoomed", async () => {
  const page = await go(`/p/${from.id}`);
  await page.focus(".frame-open");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[data-viewer][open]");
  const line = page.locator("dialog [data-divider-line]");
  const expected = async (part) => {
    const world = await page.locator("[data-world]").boundingBox();
    const { x } = await line.boundingBox();
    assert.ok(Math.abs(x - (world.x + part * world.width)) < 2, `${x} on ${JSON.stringify(world)}`);
  };
  await expected(0.5);
  const { x, y, height } = await line.boundingBox();
  const world = await page.locator("[data-world]").boundingBox();
  await page.mouse.move(x, y + height / 3);
  await page.mouse.down();
  await page.mouse.move(world.x + 0.2 * world.width, y + height / 3, { steps: 4 });
  await page.mouse.up();
  await expected(0.2);
  assert.deepEqual(await page.locator("[data-world]").boundingBox(), world, "the picture stays where it is");
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowLeft");
  await expected(0.2);
  await page.focus("[data-divider]");
  await page.keyboard.press("End");
  await expected(1);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, `before and after, ${colorScheme}`);
  }
  assert.deepEqual(page.problems, []);
});

test("any picture of a run is painted on, or started from, out of the full-screen view", async () => {
  const page = await go("/");
  await page.fill("#prompt", "three of them");
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await page.check('[name="num_outputs"][value="3"]', { force: true });
  await page.click("[data-submit]");
  await page.waitForFunction(() => document.querySelectorAll("img[data-final]").length === 3);
  await finished(page);
  await page.locator(".frame-open").nth(2).click();
  await page.click("[data-use-picture]");
  assert.match(await page.inputValue('[data-picture="image"] [data-address]'), /\/out-2/);
  assert.equal(await page.inputValue("#prompt"), "three of them");
  await page.locator(".frame-open").nth(1).click();
  await page.click("[data-paint-picture]");
  await page.waitForSelector("dialog[open] [data-painter-stage]:focus");
  assert.match(await page.inputValue('[data-picture="image"] [data-address]'), /\/out-1/);

  await page.goto(`${server.address}/p/${owl.id}`); // elsewhere they lead to the playground
  await page.locator(".frame-open").nth(2).click();
  await page.click("[data-paint-picture]");
  await page.waitForSelector("dialog[open] [data-painter-stage]:focus");
  assert.match(await page.inputValue('[data-picture="image"] [data-address]'), /\/out-2/);
  assert.deepEqual(page.problems, []);
});
