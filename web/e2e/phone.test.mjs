// The playground on a telephone, by touch.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, headline, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

// The iPhone that most people have; its browser's bars leave 664 of 844 points.
const iphone = { viewport: { width: 390, height: 664 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("30ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path = "/", options) => visit(browser, server.address, path, { ...iphone, ...options });

test("an example is tapped, run, watched and looked at closely", async () => {
  const page = await open();
  await page.tap("[data-example] >> nth=0");
  assert.equal(await page.inputValue("#prompt"), await page.textContent("[data-example] >> nth=0"));
  await page.tap("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.waitForFunction(() => document.querySelector("[data-stage]").getBoundingClientRect().top < innerHeight / 2); // it comes into view
  await page.waitForSelector(".frame-open");
  assert.match(await headline(page), /^Done in/);
  await page.tap(".frame-open");
  await page.waitForSelector("dialog[data-viewer][open]");
  await pinch(page, "[data-window]", 60, 180);
  await page.waitForFunction(() => Number.parseInt(document.querySelector("[data-scale]").textContent, 10) > 150);
  await page.tap('[data-do="close"]');
  assert.equal(await page.locator("dialog[open]").count(), 0);
  assert.deepEqual(page.problems, []);
});

test("a run is cancelled by a tap", async () => {
  const page = await open();
  await page.fill("#prompt", "not this one");
  await page.tap("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.tap("[data-cancel]");
  await page.waitForFunction(() => /^Canceled in \d+ ms$/.test(document.querySelector("[data-headline]").textContent));
});

test("a run begun at a desk is watched on the phone", async () => {
  const desk = await visit(browser, server.address);
  await desk.fill("#prompt", "begun elsewhere");
  await desk.click("[data-submit]");
  await desk.waitForURL(/\?p=/);
  const { pathname, search } = new URL(desk.url());
  const phone = await open(pathname + search);
  await Promise.all([desk, phone].map((page) => page.waitForSelector("img[data-final]")));
  assert.equal(await phone.inputValue("#prompt"), "begun elsewhere");
});

test("what one taps is large enough for a finger, and axe finds nothing", async () => {
  for (const path of ["/", "/history", "/api"]) {
    const page = await open(path);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    const small = await page.$$eval("button, summary, select, [role=tab], input:not(.sr-only, [type=hidden], [type=range])", (all) => all
      .filter((e) => e.checkVisibility({ opacityProperty: false }) && !e.closest("dialog, [popover]"))
      .map((e) => [e.outerHTML.slice(0, 80), (e.closest("label") ?? e).getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
      .map(([what, box]) => `${what} ${Math.round(box.width)}×${Math.round(box.height)}`));
    assert.deepEqual(small, [], path);
    await accessible(page, `${path} on a phone`);
  }
});

/** pinch moves two fingers apart around the middle of an element. */
async function pinch(page, selector, from, to) {
  const box = await page.locator(selector).boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const fingers = (gap) => [{ x: x - gap / 2, y, id: 0 }, { x: x + gap / 2, y, id: 1 }];
  const devtools = await page.context().newCDPSession(page);
  const touch = (type, touchPoints) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", fingers(from));
  for (let gap = from; gap <= to; gap += 20) await touch("touchMove", fingers(gap));
  await touch("touchEnd", []);
}
