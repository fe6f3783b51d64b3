// A server that asks for a token, as people and strangers meet it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, finished, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms", ["-token", "open sesame"]), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const go = (path, options) => visit(browser, server.address, path, options);

async function signIn(page) {
  await page.fill("#token", "open sesame");
  await page.keyboard.press("Enter");
}

test("one signs in, comes where one wanted to go, and signs out", async () => {
  const page = await go("/history?q=fox");
  assert.match(page.url(), /\/login\?next=/);
  await page.fill("#token", "a wrong one");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  await signIn(page);
  await page.waitForURL(/\/history\?q=fox/);
  await page.setViewportSize({ width: 360, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "wider than a phone");
  await page.getByLabel("Log out").click();
  await page.waitForURL(/\/login/);
  await page.goto(server.address + "/");
  assert.match(page.url(), /\/login/);
});

test("a stranger sees what is shared, runs it only where that is allowed, and gets no further", async () => {
  const page = await go("/");
  await signIn(page);
  await page.waitForSelector("#prompt");
  await page.fill("#prompt", "from behind the wall");
  await page.click("[data-submit]");
  await finished(page);
  const share = async (tick) => {
    await page.click("[data-actions] [data-share]");
    if (tick) await page.check(tick);
    await page.click("[data-share-form] [type=submit]");
    const link = await page.waitForFunction((seen) => {
      const value = document.querySelector("[data-link]")?.value;
      return value !== seen && value;
    }, share.last);
    share.last = await link.jsonValue();
    await page.click("[data-share-dialog] >> text=Close");
    return new URL(share.last).pathname;
  };
  const [closed, allowed] = [await share(), await share('[name="allow_replay"]')];

  const stranger = await go(closed);
  assert.match(await stranger.textContent("main"), /from behind the wall/);
  await stranger.waitForFunction(() => document.querySelector(".shared-wall img").naturalWidth > 0);
  assert.equal(await stranger.locator('nav a[href="/history"]').count(), 0);
  await stranger.click("text=Log in to run it again");
  assert.match(stranger.url(), /\/login\?next=/);
  await stranger.goto(server.address + allowed);
  await stranger.click("text=Run it again");
  await stranger.waitForURL(/\/replays\//);
  await stranger.getByText("Same bytes.").waitFor();
  await stranger.waitForFunction(() => [...document.images].every((img) => img.naturalWidth > 0));
  for (const path of ["/history", "/", new URL(page.url()).pathname + new URL(page.url()).search]) {
    await stranger.goto(server.address + path);
    assert.match(stranger.url(), /\/login/, path);
  }
  assert.deepEqual(stranger.problems, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing where one signs in, ${colorScheme}`, async () => {
    const page = await go("/login", { colorScheme });
    await accessible(page, "login");
    await page.fill("#token", "a wrong one");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=alert]");
    await accessible(page, "refused");
  });
}
