// The program itself with its embedded model: what the page shows is what the
// engine draws.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, correlation, finished, headline, launch, tabTo, visit, watchPreviews } from "./browser.mjs";
import { easel, real } from "./server.mjs";

const prompt = "a cat with sunglasses";
const seed = 1234;

let browser, server, page;
before(async () => {
  [server, browser] = await Promise.all([real(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** bytes of a picture. */
const bytes = async (url) => Buffer.from(await (await fetch(url)).arrayBuffer());

/** open unfolds a group of inputs by keyboard. */
async function open(title) {
  await tabTo(page, `summary[data-title="${title}"]`);
  await page.keyboard.press("Enter");
}

test("a prompt typed, run and watched by keyboard alone", async () => {
  page = await visit(browser, server.address);
  await watchPreviews(page);
  await tabTo(page, "#prompt");
  await page.keyboard.type(prompt);
  await open("Model and sampling");
  await tabTo(page, "#seed");
  await page.keyboard.type(String(seed));
  await open("Output");
  await tabTo(page, `[name="output_format"]`);
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowRight"); // webp, jpg, png
  await page.keyboard.press("Control+Enter");
  const picture = await finished(page);
  assert.deepEqual([picture.width, picture.height], [1024, 1024]);
  const previews = await page.evaluate(() => window.previews);
  assert.ok(new Set(previews.map((p) => p.pixels.join())).size >= 3, `${previews.length} previews, 3 of them distinct`);
  const like = correlation(previews.at(-1).pixels, picture.pixels);
  assert.ok(like >= 0.9, `the last preview correlates ${like.toFixed(3)} with the picture`);
  assert.match(await headline(page), /^Done in \d/);
  assert.deepEqual(page.problems, []);
});

test("easel generate draws the same pixels from the same seed", async () => {
  const out = mkdtempSync(join(tmpdir(), "easel-generate-"));
  try {
    execFileSync(easel, ["generate", prompt, "-i", `seed=${seed}`, "-i", "output_format=png", "--out", out, "--data", join(out, "data")], { stdio: "pipe" });
    const drawn = readFileSync(join(out, "out-0.png")).toString("base64");
    const same = await page.evaluate(async ([shown, drawn]) => {
      const pixels = async (src) => {
        const img = Object.assign(new Image(), { src });
        await img.decode();
        const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight);
        const context = canvas.getContext("2d");
        context.drawImage(img, 0, 0);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const [a, b] = await Promise.all([pixels(shown), pixels(`data:image/png;base64,${drawn}`)]);
      return a.length === b.length && a.every((v, i) => v === b[i]);
    }, [await page.getAttribute("img[data-final]", "src"), drawn]);
    assert.ok(same, "pixels differ");
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test("the copied curl, executed, makes the same picture", async () => {
  await page.click("[data-curl]");
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const answer = JSON.parse(execFileSync("bash", ["-c", command], { env: { ...process.env, REPLICATE_API_TOKEN: "none" } }));
  assert.equal(answer.status, "succeeded");
  const shown = new URL(await page.getAttribute("img[data-final]", "src"), server.address);
  assert.ok((await bytes(answer.output[0])).equals(await bytes(shown)), "bytes differ");
});

test("Escape cancels within a step, and the page says how long that took", async () => {
  await page.fill("#prompt", "this one is not wanted");
  await page.press("#prompt", "Control+Enter");
  await page.waitForFunction(() => /^Step [2-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /^Canceled in \d+ ms$/.test(document.querySelector("[data-headline]").textContent));
  assert.equal(await page.locator("img[data-final]").count(), 0);
});

test("a test address gets what its request causes, signed, though it is a private one", async () => {
  const sink = await visit(browser, server.address, "/api");
  await sink.click("text=Make a test address");
  await sink.click("text=Send this request");
  await sink.waitForSelector("text=status succeeded");
  const told = await sink.textContent("[data-fresh]");
  for (const word of ["status processing", "webhook-signature", "v1,", "out-0.webp"]) assert.ok(told.includes(word), word);
  await accessible(sink, "arrivals");
  assert.deepEqual(sink.problems, []);
});

test("axe finds nothing, in both themes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, colorScheme);
  }
});
