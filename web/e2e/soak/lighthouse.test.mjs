// Lighthouse over every page of the program, as a phone and as a desk sees it:
// performance, accessibility and best practices reach 95. The median of three
// looks counts for performance, which varies with what else a machine does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";
import { chromium } from "../browser.mjs";
import { real } from "../server.mjs";
import { draw } from "../share.mjs";

const bar = 95;
const looks = 3;
const categories = ["performance", "accessibility", "best-practices"];

let browser, server, id;
before(async () => {
  server = await real();
  browser = await puppeteer.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
  ({ id } = await draw(server.address, { prompt: "a 3d emoji of a rocket" }));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function look(path, config) {
  const page = await browser.newPage();
  try {
    const { lhr } = await lighthouse(server.address + path, { onlyCategories: categories, logLevel: "error" }, config, page);
    const why = Object.values(lhr.audits).filter((a) => a.score !== null && a.score < 0.9).map((a) => `${a.id} ${a.displayValue ?? ""}`);
    return { scores: categories.map((name) => Math.round(100 * lhr.categories[name].score)), why };
  } finally {
    await page.close();
  }
}

for (const [device, config] of [["phone", undefined], ["desk", desktopConfig]]) {
  for (const page of ["/", "/p/", "/history", "/api"]) {
    test(`${page} on a ${device}`, async (t) => {
      const path = page === "/p/" ? `/p/${id}` : page;
      const seen = [];
      for (let i = 0; i < looks; i++) seen.push(await look(path, config));
      seen.sort((a, b) => a.scores[0] - b.scores[0]);
      const { scores, why } = seen[Math.floor(looks / 2)];
      const figures = categories.map((name, i) => `${name} ${scores[i]}`).join(", ");
      t.diagnostic(`${page} on a ${device}: ${figures}`);
      assert.ok(scores.every((s) => s >= bar), `${figures}: ${why.join("; ")}`);
    });
  }
}
