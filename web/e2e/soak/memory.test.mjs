// A page that draws all day: after fifty runs the browser holds no more than
// after the first few, neither script's objects, nor elements, nor listeners,
// nor the previews' bytes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, visit } from "../browser.mjs";
import { scripted } from "../server.mjs";

const warm = 10; // runs until everything that is kept once is there
const runs = 50;

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("2ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test(`memory is flat over ${runs} runs`, async (t) => {
  const page = await visit(browser, server.address);
  await page.evaluate(() => {
    window.blobs = 0; // addresses of blobs that nobody gave back
    const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
    URL.createObjectURL = (blob) => (window.blobs++, make.call(URL, blob));
    URL.revokeObjectURL = (url) => (window.blobs--, revoke.call(URL, url));
  });
  const devtools = await page.context().newCDPSession(page);
  await page.fill("#prompt", "again and again");
  const draw = async () => {
    await page.click("[data-submit]");
    await page.waitForFunction(() => document.querySelector("[data-submit]").ariaDisabled === "true");
    await page.locator("img[data-final]").waitFor(); // a handle of the element would keep it
    await page.waitForFunction(() => document.querySelector("[data-submit]").ariaDisabled === "false");
  };
  const held = async () => {
    for (let i = 0; i < 3; i++) await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
    return { heap: usedSize, nodes, listeners: jsEventListeners, blobs: await page.evaluate(() => window.blobs) };
  };
  for (let i = 0; i < warm; i++) await draw();
  const before = await held();
  for (let i = 0; i < runs; i++) await draw();
  const now = await held();
  t.diagnostic(`after ${warm} runs ${JSON.stringify(before)}, after ${warm + runs} ${JSON.stringify(now)}`);
  assert.ok(now.heap - before.heap < 10_000 * runs, `the heap grew by ${now.heap - before.heap} bytes`);
  for (const [what, most] of [["nodes", runs], ["listeners", runs / 2], ["blobs", 5]]) {
    assert.ok(now[what] - before[what] < most, `${what}: ${before[what]} became ${now[what]}`);
  }
});
