// Sharing, and what strangers see, over a scripted generator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, finished, launch, tabTo, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";
import { draw, open } from "./share.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const go = (path, options) => visit(browser, server.address, path, options);

test("a run is shared from the playground, and a stranger sees it", async () => {
  const page = await go("/");
  await page.fill("#prompt", "a picture for a friend");
  await page.click("[data-submit]");
  await finished(page);
  await page.click("[data-actions] [data-share]");
  await page.waitForSelector("[data-share-dialog][open]");
  await accessible(page, "dialog");
  await page.check('[name="hide_prompt"]');
  await page.selectOption('[name="life"]', "7d");
  await page.click("[data-share-form] [type=submit]");
  const link = await page.inputValue("[data-link]");
  assert.match(link, /\/s\/[0-9a-z]{26}$/);
  await page.click("[data-copy-link]");
  await page.getByText("Copied").waitFor(); // said once it is so
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  await accessible(page, "dialog with a link");

  const stranger = await go(new URL(link).pathname, { javaScriptEnabled: false });
  assert.doesNotMatch(await stranger.content(), /for a friend/);
  const meta = (name) => stranger.getAttribute(`meta[property="og:${name}"]`, "content");
  assert.equal(await meta("url"), link);
  const preview = await fetch(await meta("image"));
  assert.equal(preview.headers.get("content-type"), "image/jpeg");
  assert.ok(await stranger.locator(".shared-wall img").evaluate((img) => img.decode().then(() => img.naturalWidth === 1024)));
  for (const name of ["0.png", "preview.jpg"]) {
    const bytes = Buffer.from(await (await fetch(`${link}/${name}`)).arrayBuffer());
    assert.ok(bytes.length > 1000 && !bytes.includes("for a friend"), name);
  }

  await page.click('[data-share-form] >> text="Take back"');
  await page.locator("[data-share-dialog]").getByText("Taken back").waitFor();
  assert.equal((await stranger.reload()).status(), 410);
  assert.match(await stranger.textContent("main"), /taken back/);
  assert.equal((await fetch(`${link}/0.png`)).status, 410);
  await stranger.context().close();
  assert.deepEqual(page.problems, []);
});

test("a shared picture opens in the playground, and runs again to the same bytes", async () => {
  const made = await draw(server.address, { prompt: "again and again" });
  const path = await open(server.address, made.id);
  const page = await go(path);
  await accessible(page, "shared");
  await page.click("text=Run it again");
  await page.waitForURL(/\/replays\//);
  await page.getByText("Same bytes.").waitFor(); // a locator outlives the page's loading itself again
  await accessible(page, "replayed");
  await page.click("text=Back to the shared picture");
  await page.click("text=Open in the playground");
  assert.equal(await page.inputValue("#prompt"), "again and again");
  assert.deepEqual(page.problems, []);
});

test("the code is the playground's own, and copied with one press", async () => {
  const made = await draw(server.address, { prompt: `it's "quoted" \\ on <one> line, 狐 & 🦊`, seed: 11, guidance_scale: 2.5, go_fast: true, output_format: "png" });
  const page = await go(await open(server.address, made.id));
  const shared = {};
  for (const part of await page.locator(".shared-code").all()) {
    await part.evaluate((e) => (e.open = true));
    const title = (await part.locator("summary").textContent()).trim();
    shared[title] = { setup: (await part.locator("[data-setup]").textContent()).trim(), code: (await part.locator("[data-code]").textContent()).trim() };
  }
  assert.deepEqual(Object.keys(shared), ["cURL", "Node.js", "Python", "Go"]);
  await page.locator(".shared-code").nth(1).locator("[data-copy]").nth(1).click();
  await page.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shared["Node.js"].code);
  await page.click("text=Open in the playground");
  for (const [id, title] of [["curl", "cURL"], ["node", "Node.js"], ["python", "Python"], ["go", "Go"]]) {
    await page.click(`[data-tab="${id}"]`);
    const panel = page.locator(`[data-panel="${id}"]`);
    const own = { setup: (await panel.locator("[data-setup]").textContent()).trim(), code: (await panel.locator("[data-code]").textContent()).trim() };
    assert.deepEqual(shared[title], own, title);
  }
  assert.deepEqual(page.problems, []);
});

test("another site cannot run a shared picture again, nor open or take back a link", async () => {
  const made = await draw(server.address, { prompt: "mine" });
  const path = await open(server.address, made.id, { allow_replay: "1" });
  const headers = { Origin: "https://evil.example" };
  for (const target of [`${path}/replay`, `/p/${made.id}/share`, `/p/${made.id}/share/${path.slice(3)}/revoke`]) {
    assert.equal((await fetch(server.address + target, { method: "POST", headers, redirect: "manual" })).status, 403, target);
    assert.notEqual((await fetch(server.address + target, { redirect: "manual" })).status, 303, `GET ${target}`);
  }
  assert.equal((await fetch(server.address + path)).status, 200);
});

test("by finger on a phone: made, opened, taken back, and then a plain page", async () => {
  const made = await draw(server.address, { prompt: "on the way" });
  const page = await go("/history?q=on+the+way", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.locator(".tile-more").first().tap();
  await page.locator(".menu:popover-open [data-share]").tap();
  await page.locator("[data-share-dialog] [type=submit]").first().tap();
  const link = page.locator("[data-share-dialog] [data-link]");
  await link.waitFor();
  const shared = new URL(await link.inputValue()).pathname;
  await page.locator('[data-share-dialog] >> text="Take back"').tap();
  await page.locator("[data-share-dialog]").getByText("Taken back").waitFor();
  for (const colorScheme of ["light", "dark"]) {
    const stranger = await visit(browser, server.address, "/styleguide", { colorScheme, viewport: { width: 390, height: 844 } });
    assert.equal((await stranger.goto(server.address + shared)).status(), 410);
    assert.match(await stranger.textContent("main"), /taken back by whoever made it/);
    await accessible(stranger, `taken back, ${colorScheme}`);
    await stranger.context().close();
  }
  assert.deepEqual(page.problems, []);
  assert.ok(made.id);
});

test("by keyboard alone: a link is made, copied and taken back", async () => {
  const made = await draw(server.address, { prompt: "no mouse" });
  const page = await go(`/p/${made.id}`);
  await tabTo(page, "a[data-share]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-share-dialog][open]");
  await tabTo(page, '[name="allow_replay"]');
  await page.keyboard.press("Space");
  await tabTo(page, "[data-share-form] [type=submit]");
  await page.keyboard.press("Enter");
  await page.locator("[data-share-dialog] [data-link]").waitFor();
  await tabTo(page, "[data-copy-link]");
  await page.keyboard.press("Enter");
  await page.getByText("Copied").waitFor();
  await tabTo(page, '[action$="/revoke"] [type=submit]');
  await page.keyboard.press("Enter");
  await page.locator("[data-share-dialog]").getByText("Taken back").waitFor();
  await page.keyboard.press("Escape");
  assert.ok(await page.evaluate(() => document.activeElement.matches("a[data-share]")), "the focus comes back");
  assert.deepEqual(page.problems, []);
});

test("the picture it started from is shown, or hidden", async () => {
  const first = await draw(server.address, { prompt: "a beginning" });
  const second = await draw(server.address, { prompt: "made from it", image: first.output[0] });
  const shown = await go(await open(server.address, second.id), { javaScriptEnabled: false });
  assert.equal(await shown.locator('img[alt="The image given"]').evaluate((img) => img.decode().then(() => img.naturalWidth > 0)), true);
  assert.doesNotMatch(await shown.content(), /\/files\//);
  const hidden = await open(server.address, second.id, { hide_image: "1" });
  assert.doesNotMatch(await (await fetch(server.address + hidden)).text(), /The image given/);
  assert.equal((await fetch(`${server.address}${hidden}/image`)).status, 404);
});

test("without script: share, copy by hand, take back", async () => {
  const made = await draw(server.address, { prompt: "plain sharing" });
  const page = await go(`/p/${made.id}`, { javaScriptEnabled: false });
  await page.click("text=Share");
  await page.click("text=Make a link");
  const link = await page.inputValue("[data-link]");
  assert.equal((await fetch(link)).status, 200);
  await page.click("text=Take back");
  assert.equal((await fetch(link)).status, 410);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on the pages of sharing, ${colorScheme}`, async () => {
    const made = await draw(server.address, { prompt: "a fox with a very long story to tell" });
    const path = await open(server.address, made.id);
    const page = await go(path, { colorScheme });
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await accessible(page, "shared");
    for (const other of [`/p/${made.id}/share`, "/s/no-such-link"]) {
      await page.goto(server.address + other);
      await accessible(page, other);
    }
  });
}

test("nothing is wider than the screen", async () => {
  const made = await draw(server.address, { prompt: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" });
  const path = await open(server.address, made.id);
  for (const width of [360, 390, 768, 1440]) {
    const page = await go(path, { viewport: { width, height: 800 } });
    for (const other of [path, `/p/${made.id}/share`, `/p/${made.id}`, "/history"]) {
      await page.goto(server.address + other);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${other} at ${width} px is ${over} px too wide`);
    }
    await page.context().close();
  }
});
