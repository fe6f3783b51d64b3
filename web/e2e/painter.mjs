// What the painter's tests do and look at.
import { visit } from "./browser.mjs";

/** hill is a drawn landscape as a PNG file, 640 × 480 unless said. */
export async function hill(page, width = 640, height = 480) {
  const bytes = await page.evaluate(async ([w, h]) => {
    const canvas = new OffscreenCanvas(w, h);
    const c = canvas.getContext("2d");
    c.fillStyle = "#bfe3ee";
    c.fillRect(0, 0, w, h);
    c.fillStyle = "#ffc53d";
    c.arc(w * 0.68, h * 0.33, h * 0.17, 0, 7);
    c.fill();
    c.fillStyle = "#7fae6b";
    c.fillRect(0, h * 0.7, w, h);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  }, [width, height]);
  return { name: "hill.png", mimeType: "image/png", buffer: Buffer.from(bytes) };
}

/** start opens the playground with a picture, and the painter on it. */
export async function start(browser, address, options = {}, size = [640, 480]) {
  const page = await visit(browser, address, "/", options);
  await choose(page, await hill(page, ...size));
  await open(page);
  return page;
}

export async function choose(page, file) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await page.setInputFiles("#image", file);
  await page.waitForSelector("[data-paint] button:not([hidden])");
}

export async function open(page) {
  await page.click("[data-paint] button");
  await page.waitForSelector("dialog[open] [data-painter-stage]:focus");
}

/** place of a picture's point on the screen. */
export async function place(page, x, y) {
  return page.$eval("[data-painter-layer]", (layer, [x, y]) => {
    const { left, top, width } = layer.getBoundingClientRect();
    const k = width / layer.offsetWidth;
    return [left + x * k, top + y * k];
  }, [x, y]);
}

/** drag presses the mouse at the first point of the picture and moves over the others. */
export async function drag(page, ...points) {
  for (const [i, [x, y]] of points.entries()) {
    await page.mouse.move(...(await place(page, x, y)), { steps: i === 0 ? 1 : 4 });
    if (i === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

/** set puts a slider to a value. */
export async function set(page, name, value) {
  await page.$eval(`[data-painter-range="${name}"]`, (range, value) => {
    range.value = value;
    range.dispatchEvent(new Event("input", { bubbles: true }));
  }, String(value));
}

export const act = (page, name) => page.click(`[data-painter="${name}"]`);
export const facts = (page) => page.textContent("[data-painter-facts]");

/** used presses "Use mask" and reads the pixels of the mask that the form then holds. */
export async function used(page) {
  await act(page, "use");
  await page.waitForSelector("[data-picture=mask] img");
  return mask(page);
}

/** mask reads the form's mask: its size and one byte a pixel. */
export function mask(page) {
  return page.$eval("[data-picture=mask] img", async (img) => {
    await img.decode();
    const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(img, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height, pixels: Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]) };
  });
}

/** overlay reads how dense the colour over the picture is at each pixel, 0 to 255. */
export async function overlay(page) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return page.$eval("[data-painter-layer] canvas", (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]);
  });
}
