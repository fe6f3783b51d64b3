// A browser for the tests, and what they look at in it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import * as playwright from "playwright-core";

const places = [process.env.EASEL_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** chromium is the path of the system's own. */
export function chromium() {
  const path = places.find((path) => path && existsSync(path));
  if (!path) throw new Error("no Chromium: apt-get install chromium, or set EASEL_CHROMIUM");
  return path;
}

export const launch = () => playwright.chromium.launch({ executablePath: chromium(), args: ["--no-sandbox"] });

/** visit opens a page that must stay clean: no console errors, no request to anywhere else. */
export async function visit(browser, address, path = "/", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== address) page.problems.push(`request to ${url.origin}`);
  });
  await page.goto(address + path);
  return page;
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** accessible fails with axe's words for everything it finds. */
export async function accessible(page, where) {
  await page.evaluate(axe);
  // Colours that are fading from one theme into the other are nobody's last word.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished.catch(() => {}))));
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const words = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join("; ")}`);
  assert.deepEqual(words, [], where);
}

/** watchPreviews keeps a small grey copy of every preview that the page shows. */
export function watchPreviews(page) {
  return page.evaluate(() => {
    window.grey = async (img, side = 64) => {
      await img.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(img, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      return Array.from({ length: side * side }, (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
    };
    window.previews = [];
    new MutationObserver((changes) => {
      for (const img of changes.flatMap((c) => [...c.addedNodes]).filter((n) => n.dataset?.step)) {
        const step = Number(img.dataset.step);
        window.grey(img).then((pixels) => window.previews.push({ step, pixels }), () => {});
      }
    }).observe(document.querySelector("[data-stage]"), { childList: true, subtree: true });
  });
}

/** correlation of two equally long lists of numbers, −1 to 1. */
export function correlation(a, b) {
  const mean = (list) => list.reduce((sum, v) => sum + v, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** finished waits for the picture and returns its grey copy and size. */
export async function finished(page) {
  await page.waitForSelector("img[data-final]");
  return page.$eval("img[data-final]", async (img) => ({ width: img.naturalWidth, height: img.naturalHeight, src: img.src, pixels: await window.grey?.(img) }));
}

export const headline = (page) => page.textContent("[data-headline]");

/** tabTo presses Tab until the selector has the focus, as a person without a mouse does. */
export async function tabTo(page, selector, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
  }
  assert.fail(`${selector} cannot be reached by Tab`);
}
