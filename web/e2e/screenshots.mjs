// Takes the pictures of every page for docs/screenshots, from the program
// itself with its embedded model: three widths, the playground in both themes.
// They are WebP, as small as a look at them allows.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { finished, launch, visit } from "./browser.mjs";
import { real } from "./server.mjs";
import { draw, open } from "./share.mjs";

const out = "docs/screenshots";
const quality = 0.75;
const sizes = { phone: [390, 844], tablet: [768, 1024], desktop: [1440, 900] };
const prompts = ["a 3d emoji of a rocket", "flat emoji of pizza on a blue background", "a fox, an owl and a penguin in a row", "a red heart", "an emoji of a green frog", "a 3d emoji of a snail", "a yellow star", "flat emoji of a tree"];

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const [server, browser] = await Promise.all([real(["--styleguide"]), launch()]);
const press = await (await browser.newContext()).newPage(); // packs the pictures
try {
  const drawn = [];
  for (const prompt of prompts) drawn.push(await draw(server.address, { prompt, num_inference_steps: 28, megapixels: "1" }));
  const [last, before] = drawn.toReversed();
  const pages = {
    result: `/p/${last.id}`, history: "/history", api: "/api", compare: `/compare?a=${last.id}&b=${before.id}`,
    share: await open(server.address, last.id), painter: `/?paint=${encodeURIComponent(new URL(last.output[0]).pathname)}`, styleguide: "/styleguide",
  };
  for (const [name, [width, height]] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await visit(browser, server.address, "/", { viewport: { width, height }, colorScheme, deviceScaleFactor: width < 500 ? 2 : 1 });
      const shot = (what) => take(page, `${what}-${name}-${colorScheme}`);
      await shot("empty");
      await page.fill("#prompt", prompts[0]);
      await page.click("[data-submit]");
      await page.waitForFunction(() => /Step (1[4-9]|2\d) of/.test(document.querySelector("[data-headline]").textContent));
      await shot("running");
      await finished(page);
      await shot("done");
      if (colorScheme === "light") {
        for (const [what, path] of Object.entries(pages)) {
          await page.goto(server.address + path);
          await page.waitForLoadState("networkidle");
          await shot(what);
        }
      }
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await server.stop();
}

/** take waits until all that moves has come to rest, unless it never does. */
async function take(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < 2000).map((a) => a.finished.catch(() => {}))));
  const png = (await page.screenshot()).toString("base64");
  const webp = await press.evaluate(async ([png, quality]) => {
    const img = Object.assign(new Image(), { src: `data:image/png;base64,${png}` });
    await img.decode();
    const canvas = new OffscreenCanvas(img.width, img.height);
    canvas.getContext("2d").drawImage(img, 0, 0);
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality })).arrayBuffer())];
  }, [png, quality]);
  writeFileSync(`${out}/${name}.webp`, Buffer.from(webp));
}
