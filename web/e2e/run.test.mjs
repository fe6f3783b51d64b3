// What a run tells and gives: previews at once, bad lines, restarts, errors, downloads.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, finished, headline, launch, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("30ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path = "/", options) => visit(browser, server.address, path, options);

async function run(page, prompt, inputs = {}) {
  await page.goto(server.address);
  await page.fill("#prompt", prompt);
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  for (const [name, value] of Object.entries(inputs)) {
    const radio = page.locator(`input[type=radio][name="${name}"][value="${value}"]`);
    if (await radio.count()) await radio.check();
    else await page.fill(`#${name}`, String(value));
  }
  await page.click("[data-submit]");
}

test("a preview is on the screen within 100 ms of its making", async (t) => {
  const paced = await scripted("100ms"); // the engine shows ten previews a second at most
  t.after(() => paced.stop());
  const page = await visit(browser, paced.address);
  await page.evaluate(() => {
    window.made = {};
    window.delays = [];
    const took = WebSocket.prototype;
    const original = Object.getOwnPropertyDescriptor(took, "onmessage");
    Object.defineProperty(took, "onmessage", {
      ...original,
      set(handler) {
        original.set.call(this, (message) => {
          const event = typeof message.data === "string" ? JSON.parse(message.data) : {};
          if (event.type === "step") window.made[event.data.step] = Date.parse(event.at);
          handler.call(this, message);
        });
      },
    });
    new MutationObserver((changes) => {
      for (const img of changes.flatMap((c) => [...c.addedNodes]).filter((n) => n.dataset?.step)) {
        const step = Number(img.dataset.step);
        requestAnimationFrame(() => setTimeout(() => window.delays.push(Date.now() - window.made[step]))); // after it was painted
      }
    }).observe(document.querySelector("[data-stage]"), { childList: true, subtree: true });
  });
  await page.fill("#prompt", "how quick");
  await page.click("[data-submit]");
  await finished(page);
  const delays = (await page.evaluate(() => window.delays)).filter(Number.isFinite).sort((a, b) => a - b);
  assert.ok(delays.length >= 10, `${delays.length} previews were timed`);
  const [median, ninth] = [0.5, 0.9].map((share) => delays[Math.floor(delays.length * share)]);
  t.diagnostic(`previews: ${delays.length}, median ${median} ms, nine of ten within ${ninth} ms`);
  assert.ok(median < 100, `median ${median} ms`);
});

test("a run that waits says how many are ahead and when it will be done, in the tab's title, too", async (t) => {
  const slow = await scripted("100ms");
  t.after(() => slow.stop());
  const create = (input) => fetch(`${slow.address}/v1/models/easel/emoji/predictions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ input }) });
  await (await create({ prompt: "teaches the pace", num_inference_steps: 1 })).json();
  const page = await visit(browser, slow.address);
  await page.fill("#prompt", "the third in line");
  const ahead = [];
  for (const prompt of ["the first", "the second"]) ahead.push(await (await create({ prompt, num_inference_steps: 50 })).json());
  await page.click("[data-submit]");
  // Headline and title are read in one go: between two reads the queue may have moved on.
  await page.waitForFunction(() => /^Waiting: \d ahead$/.test(document.querySelector("[data-headline]").textContent) && /^Waiting: \d ahead · /.test(document.title));
  for (const { id } of ahead) await fetch(`${slow.address}/v1/predictions/${id}/cancel`, { method: "POST" });
  await page.waitForFunction(() => /^Step \d+ of 28 · /.test(document.title));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /^Canceled/.test(document.querySelector("[data-headline]").textContent));
  assert.doesNotMatch(await page.title(), /Cancel|Step/);
});

test("offline in the middle: a banner, and then all of it", async () => {
  const page = await open();
  let cut = false;
  const lines = [];
  await page.routeWebSocket(/events/, (socket) => {
    if (cut) return socket.close();
    const upstream = socket.connectToServer();
    lines.push(() => (upstream.close(), socket.close()));
  });
  await page.fill("#prompt", "through a tunnel");
  await page.click("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  cut = true;
  lines.forEach((close) => close());
  await page.waitForSelector("[data-offline]:not([hidden])");
  assert.match(await headline(page), /Connection lost/);
  await accessible(page, "offline");
  cut = false;
  await finished(page);
  assert.equal(await page.isVisible("[data-offline]"), false);
});

test("the server is restarted in the middle of a run, and the page goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-restart-"));
  let mine = await scripted("60ms", ["-dir", folder]);
  const { port } = new URL(mine.address);
  const page = await visit(browser, mine.address);
  try {
    await page.fill("#prompt", "survive this");
    await page.click("[data-submit]");
    await page.waitForFunction(() => /Step [5-9] of/.test(document.querySelector("[data-headline]").textContent));
    await mine.stop();
    await page.waitForSelector("[data-offline]:not([hidden])");
    mine = await scripted("20ms", ["-dir", folder, "-addr", `127.0.0.1:${port}`]);
    await finished(page);
    assert.match(await headline(page), /^Done in/);
  } finally {
    await page.close();
    await mine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a full disk and other trouble of the server are said in its words", async () => {
  const page = await open();
  for (const [status, body, want] of [
    [507, { detail: "The server's disk is full. Its operator must make room, or keep less (--keep, --keep-bytes)." }, /disk is full/],
    [502, "<html>Bad gateway</html>", /The server answered 502/],
  ]) {
    await page.route("**/predictions", (route) => route.fulfill({ status, body: typeof body === "string" ? body : JSON.stringify(body) }));
    await page.fill("#prompt", "no room");
    await page.click("[data-submit]");
    await page.waitForFunction((want) => new RegExp(want).test(document.querySelector("[data-stage] [role=alert]")?.textContent ?? ""), want.source);
    assert.equal(await headline(page), "Not started");
    await page.unroute("**/predictions");
  }
  await page.click("[data-submit]");
  await finished(page);
});

test("several pictures are taken away one by one, or all as ZIP", async () => {
  const page = await open();
  await run(page, "three of them", { num_outputs: 3, num_inference_steps: 2 });
  await page.waitForSelector("[data-zip]");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-zip]")]);
  assert.match(download.suggestedFilename(), /^easel-\w{26}\.zip$/);
  const names = execFileSync("python3", ["-c", "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(*z.namelist())", await download.path()], { encoding: "utf8" });
  assert.equal(names.trim(), "out-0.png out-1.png out-2.png");
});

test("a picture is copied", async () => {
  const page = await open();
  await run(page, "copy me", { num_inference_steps: 2 });
  await finished(page);
  await page.click("[data-copy-picture]");
  await page.waitForFunction(() => document.querySelector("[data-live]").textContent === "Picture copied");
  assert.deepEqual(await page.evaluate(async () => (await navigator.clipboard.read())[0].types), ["image/png"]);
});
