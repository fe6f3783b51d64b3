// The mask painter as a person uses it: by mouse, by touch and pen, by keys.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { accessible, launch, visit } from "./browser.mjs";
import { act, choose, drag, facts, hill, mask, open, overlay, place, set, start, used } from "./painter.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("10ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const [width, height] = [640, 480];
const begin = (options) => start(browser, server.address, options);
const painted = (pixels) => pixels.filter((v) => v >= 128).length;

test("by mouse: the mask is white where the brush went, black elsewhere, at the picture's size", async () => {
  const page = await begin();
  await set(page, "size", 50); // 23 px
  await set(page, "hardness", 100);
  await drag(page, [100, 200], [300, 200]);
  assert.match(await facts(page), /^640 × 480 · 1\.\d % is repainted$/);
  const m = await used(page);
  assert.deepEqual([m.width, m.height], [width, height]);
  for (const [x, y, v] of [[100, 200, 255], [200, 200, 255], [200, 209, 255], [200, 214, 0], [300, 190, 255], [320, 200, 0], [10, 10, 0], [639, 479, 0]]) {
    assert.equal(m.pixels[y * width + x], v, `at ${x}, ${y}`);
  }
  const want = 200 * 23 + Math.PI * 11.5 ** 2;
  assert.ok(Math.abs(painted(m.pixels) - want) < 0.05 * want, `${painted(m.pixels)} pixels, about ${want.toFixed()} wanted`);
  assert.deepEqual(page.problems, []);
});

test("eraser, rectangle, lasso and fill", async () => {
  const page = await begin();
  await page.keyboard.press("r");
  await drag(page, [100, 100], [300, 300]);
  await page.keyboard.press("x");
  await drag(page, [150, 150], [250, 250]); // a hole
  await page.keyboard.press("x");
  await page.keyboard.press("l");
  await drag(page, [400, 100], [500, 100], [500, 200], [400, 200]);
  await page.keyboard.press("g");
  await page.mouse.click(...(await place(page, 200, 200))); // and the hole is gone
  await page.keyboard.press("e");
  await set(page, "size", 50);
  await set(page, "hardness", 100);
  await drag(page, [450, 150], [450, 150]);
  const m = await used(page);
  const at = (x, y) => m.pixels[y * width + x];
  assert.deepEqual([at(110, 110), at(200, 200), at(299, 299), at(300, 300), at(410, 110), at(450, 150), at(390, 150)], [255, 255, 255, 0, 255, 0, 0]);
  const square = m.pixels.filter((v, i) => v >= 128 && i % width < 350).length;
  assert.ok(Math.abs(square - 40_000) < 450, `${square} pixels in the square`);
});

test("undo and redo, invert and clear, and the words for them", async () => {
  const page = await begin();
  const states = [await overlay(page)];
  for (let i = 0; i < 20; i++) {
    await drag(page, [40 + 25 * i, 100], [60 + 25 * i, 300]);
    states.push(await overlay(page));
  }
  for (let i = 19; i >= 0; i--) {
    if (i % 2) await page.keyboard.press("Control+z");
    else await act(page, "undo");
    if (i % 5 === 0) assert.deepEqual(await overlay(page), states[i], `undo to ${i}`);
  }
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => /Nothing to undo/.test(document.querySelector("[data-painter-live]").textContent));
  assert.equal(await page.getAttribute('[data-painter="undo"]', "aria-disabled"), "true");
  for (let i = 1; i <= 20; i++) await page.keyboard.press(i % 2 ? "Control+y" : "Control+Shift+z");
  assert.deepEqual(await overlay(page), states[20]);
  const before = /([\d.]+) %/.exec(await facts(page))[1];
  await page.keyboard.press("i");
  const inverse = /([\d.]+) %/.exec(await facts(page))[1];
  assert.ok(Math.abs(Number(before) + Number(inverse) - 100) < 0.6, `${before} and ${inverse}`);
  await act(page, "clear");
  assert.match(await facts(page), / 0\.0 % is repainted/);
  await act(page, "use");
  assert.match(await page.textContent("[data-painter-note]"), /repaints nothing/);
  await act(page, "undo");
  await act(page, "undo");
  assert.deepEqual(await overlay(page), states[20]);
});

test("the overlay is as dense as the server's blend, at every feather", async () => {
  const page = await begin();
  await page.keyboard.press("r");
  await drag(page, [100, 100], [200, 200]);
  for (const feather of [4, 0, 9]) {
    await set(page, "feather", feather);
    const dense = await overlay(page);
    for (let d = 0; d <= feather + 2; d++) {
      const want = Math.round((255 * Math.min(d, feather + 1)) / (feather + 1));
      assert.equal(dense[150 * width + 99 + d], want, `feather ${feather}, ${d} pixels in`);
    }
  }
});

test("the cursor shows the brush's size and what it covers fully, at every zoom", async () => {
  const page = await begin();
  await set(page, "size", 70); // 79 px
  await set(page, "hardness", 50);
  await page.mouse.move(...(await place(page, 320, 240)));
  const ring = () => page.$eval("[data-painter-cursor]", (e) => [getComputedStyle(e, "::before"), getComputedStyle(e.querySelector("[data-painter-core]"))].map(({ width }) => parseFloat(width)));
  const shows = async () => {
    const scale = ((await place(page, 640, 0))[0] - (await place(page, 0, 0))[0]) / 640;
    const [size, core] = await ring();
    assert.ok(Math.abs(size - 79 * scale) < 3 && Math.abs(core - 39.5 * scale) < 3, `${size} and ${core} at ${scale}`);
  };
  await shows();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.mouse.move(...(await place(page, 330, 240)));
  await shows();
  const { x, y } = await page.$eval("[data-painter-cursor]", (e) => e.getBoundingClientRect().toJSON());
  const [px, py] = await place(page, 330, 240);
  assert.ok(Math.hypot(x - px, y - py) < 2, "where the pointer is");
  const seen = () => page.$eval(".painter-overlay", (e) => Number(getComputedStyle(e).opacity));
  await set(page, "opacity", 100);
  assert.equal(await seen(), 1);
  await set(page, "opacity", 25);
  assert.equal(await seen(), 0.25);
});

test("by keyboard alone", async () => {
  const page = await begin();
  await set(page, "size", 50);
  await set(page, "hardness", 100);
  await page.keyboard.press("Space"); // a dab in the middle
  assert.equal((await overlay(page))[240 * width + 320], 255);
  await page.keyboard.down("Space");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowLeft"); // 8 × 6 px each
  await page.keyboard.up("Space");
  const line = await overlay(page);
  assert.equal(line[240 * width + 176], 255);
  assert.equal(line[240 * width + 150], 0);
  await page.waitForFunction(() => /is repainted|176, 240/.test(document.querySelector("[data-painter-live]").textContent));
  await page.keyboard.press("Enter"); // the brush stays down
  for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  assert.equal((await overlay(page))[185 * width + 176], 255);
  await page.keyboard.press("r");
  for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Space");
  assert.equal((await overlay(page))[200 * width + 460], 255);
  const size = await page.inputValue('[data-painter-range="size"]');
  await page.keyboard.press("]");
  assert.ok(Number(await page.inputValue('[data-painter-range="size"]')) > Number(size));
  await page.keyboard.press("l");
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Escape"); // takes the shape back
  assert.ok(await page.isVisible("dialog[open]"));
  await page.keyboard.press("?");
  assert.ok(await page.isVisible("[data-painter-keys]"));
  await page.keyboard.press("Escape");
  assert.ok(await page.isVisible("dialog[open]"));
  await page.focus("[data-painter-stage]");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("[data-picture=mask] img");
  assert.ok(await page.$eval("[data-paint] button", (b) => b === document.activeElement), "the focus comes back");
  assert.deepEqual(page.problems, []);
});

test("wheel and space-drag move the view, and painting still hits the pixel", async () => {
  const page = await begin();
  await set(page, "size", 20);
  const origin = await place(page, 0, 0);
  const scale = ((await place(page, 640, 0))[0] - origin[0]) / 640;
  const at = (await place(page, 500, 120)).map(Math.round); // a wheel tells whole pixels
  const under = [(at[0] - origin[0]) / scale, (at[1] - origin[1]) / scale];
  await page.mouse.move(...at);
  for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -300);
  await page.waitForFunction(() => parseInt(document.querySelector("[data-painter-zoom]").textContent) > 400);
  const [x, y] = await place(page, ...under);
  assert.ok(Math.hypot(x - at[0], y - at[1]) < 1.5, "the point under the pointer stays");
  await page.keyboard.down("Space");
  await page.mouse.down();
  await page.mouse.move(at[0] - 60, at[1] + 40, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Space");
  const moved = await place(page, ...under);
  assert.ok(Math.hypot(moved[0] - (x - 60), moved[1] - (y + 40)) < 1.5, "space and drag pan");
  assert.match(await facts(page), / 0\.0 %/);
  await drag(page, [490, 110], [490, 110]);
  assert.equal((await overlay(page))[110 * width + 490] > 0, true);
  await page.keyboard.press("0");
  await page.waitForFunction(() => parseInt(document.querySelector("[data-painter-zoom]").textContent) < 250);
});

/** fingers speaks to Chromium as a touch screen does. */
async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  return (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
}

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 };

test("on a phone: one finger paints, two zoom and paint nothing", async () => {
  const page = await begin(phone);
  const touch = await fingers(page);
  const [a, b] = [await place(page, 200, 200), await place(page, 420, 200)];
  await touch("touchStart", a);
  for (let i = 1; i <= 8; i++) await touch("touchMove", [a[0] + ((b[0] - a[0]) * i) / 8, a[1]]);
  await touch("touchEnd");
  const dense = await overlay(page);
  for (const x of [200, 300, 420]) assert.equal(dense[200 * width + x], 255);
  const before = await page.textContent("[data-painter-zoom]");
  await touch("touchStart", a);
  await touch("touchStart", a, b);
  for (let i = 1; i <= 8; i++) await touch("touchMove", [a[0] - 6 * i, a[1]], [b[0] + 6 * i, b[1]]);
  await touch("touchEnd");
  assert.ok(parseInt(await page.textContent("[data-painter-zoom]")) > 1.3 * parseInt(before));
  assert.deepEqual(await overlay(page), dense);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await used(page);
  assert.deepEqual(page.problems, []);
});

test("a pen's pressure is its width, and then the palm paints nothing", async () => {
  const page = await begin();
  await set(page, "hardness", 100);
  const pointer = async (kind, type, id, at, pressure) => {
    const [clientX, clientY] = await place(page, ...at);
    await page.dispatchEvent("[data-painter-stage]", type, { pointerId: id, pointerType: kind, clientX, clientY, pressure, button: type === "pointermove" ? -1 : 0, isPrimary: true, bubbles: true });
  };
  await page.evaluate(() => (Element.prototype.setPointerCapture = () => {})); // these pointers are made up
  for (const [y, pressure] of [[100, 1], [300, 0.3]]) {
    await pointer("pen", "pointerdown", 7, [100, y], pressure);
    await pointer("pen", "pointermove", 7, [400, y], pressure);
    await pointer("pen", "pointerup", 7, [400, y], 0);
  }
  const dense = await overlay(page);
  const tall = (x, from, to) => dense.filter((v, i) => v > 0 && i % width === x && i / width >= from && i / width < to).length;
  assert.ok(Math.abs(tall(250, 0, 200) - 65) <= 2 && Math.abs(tall(250, 200, 480) - 20) <= 2, `${tall(250, 0, 200)} and ${tall(250, 200, 480)}`);
  const at = await place(page, 0, 0);
  await pointer("touch", "pointerdown", 8, [500, 400], 0.5);
  await pointer("touch", "pointermove", 8, [560, 430], 0.5);
  await pointer("touch", "pointerup", 8, [560, 430], 0);
  assert.deepEqual(await overlay(page), dense);
  assert.ok((await place(page, 0, 0))[0] > at[0] + 20, "the palm moves the picture");
});

test("a saved mask, loaded again, is the same; one of another size is scaled", async () => {
  const page = await begin();
  await set(page, "hardness", 30);
  await set(page, "feather", 7);
  await drag(page, [100, 100], [400, 300]);
  const before = await overlay(page);
  const [download] = await Promise.all([page.waitForEvent("download"), act(page, "save")]);
  assert.equal(download.suggestedFilename(), "mask.png");
  await act(page, "clear");
  await set(page, "feather", 2);
  await page.setInputFiles("[data-painter-load]", await download.path());
  await page.waitForFunction(() => /Loaded/.test(document.querySelector("[data-painter-live]").textContent));
  assert.equal(await page.inputValue('[data-painter-range="feather"]'), "7");
  assert.deepEqual(await overlay(page), before);
  await page.setInputFiles("[data-painter-load]", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await page.waitForSelector("[data-painter-note]:not([hidden])");
  assert.match(await page.textContent("[data-painter-note]"), /notes\.txt cannot be read as a picture/);
  await page.setInputFiles("[data-painter-load]", await hill(page, 320, 240));
  await page.waitForFunction(() => /another size/.test(document.querySelector("[data-painter-note]").textContent));
});

/** forgotten runs in the page: whether no kept mask is in use any more. */
function forgotten() {
  return new Promise((resolve) => {
    const request = indexedDB.open("easel.masks", 1);
    request.onsuccess = () => {
      const all = request.result.transaction("masks").objectStore("masks").getAll();
      all.onsuccess = () => (request.result.close(), resolve(all.result.every((kept) => kept.given === null)));
    };
  });
}

test("the mask is kept: over closing, prompts, runs, other pictures and a reload", async () => {
  const page = await begin();
  await drag(page, [100, 100], [400, 300]);
  const dense = await overlay(page);
  await act(page, "close");
  assert.equal(await page.locator("[data-picture=mask] img").count(), 0);
  await open(page);
  assert.deepEqual(await overlay(page), dense);
  const first = await used(page);
  await page.fill("#prompt", "another sky");
  await page.click("[data-submit]");
  await page.waitForSelector("img[data-final]");
  assert.deepEqual(await mask(page), first);
  await choose(page, await hill(page, 320, 240)); // the mask belongs to the other one
  await page.waitForSelector("[data-picture=mask] img", { state: "detached" });
  const file = await hill(page);
  await choose(page, file);
  await page.waitForSelector("[data-picture=mask] img");
  assert.deepEqual(await mask(page), first);
  await page.goto(server.address + "/"); // the picture is kept, and its mask comes back with it
  await page.waitForSelector("[data-picture=mask] img", { state: "attached" });
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  assert.deepEqual(await mask(page), first);
  await open(page);
  assert.deepEqual(await overlay(page), dense);
  await page.keyboard.press("Control+z");
  assert.match(await facts(page), / 0\.0 %/);
  await act(page, "close");
  await page.click("[data-picture=mask] [data-clear]");
  await page.waitForFunction(forgotten); // a page that is left too soon would not have written it
  await page.goto(server.address + "/");
  await choose(page, file);
  await page.waitForTimeout(500);
  assert.equal(await page.locator("[data-picture=mask] img").count(), 0, "a mask taken out stays out");
  assert.deepEqual(page.problems, []);
});

test("a picture on another host can be painted on, and its mask is there after a reload", async () => {
  const page = await visit(browser, server.address);
  const { buffer } = await hill(page);
  const other = createServer((request, response) => {
    response.writeHead(request.url === "/hill.png" ? 200 : 404, { "Content-Type": "image/png" });
    response.end(request.url === "/hill.png" ? buffer : "");
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  const at = `http://127.0.0.1:${other.address().port}`;
  try {
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await page.fill('[data-picture="image"] [data-address]', `${at}/hill.png`);
    await open(page);
    await page.keyboard.press("r");
    await drag(page, [100, 100], [200, 200]);
    const first = await used(page);
    assert.deepEqual([first.width, first.height], [width, height]);
    await page.reload();
    await page.waitForSelector("[data-picture=mask] img", { state: "attached" });
    assert.deepEqual(await mask(page), first);
    assert.deepEqual(page.problems, []);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await page.fill('[data-picture="image"] [data-address]', `${at}/gone.png`);
    await page.click("[data-paint] button");
    await page.waitForFunction(() => /404/.test(document.querySelector("#error-image").textContent));
    assert.equal(await page.locator("dialog[data-painter-dialog][open]").count(), 0);
  } finally {
    other.close();
  }
});

test("an output picture can be painted on, and the rest of the last mask repainted", async () => {
  const page = await begin();
  await page.keyboard.press("r");
  await drag(page, [0, 0], [320, 480]);
  await used(page);
  await page.fill("#prompt", "a new half");
  await page.click("[data-submit]");
  await page.waitForSelector("img[data-final]");
  const output = new URL(await page.getAttribute("img[data-final]", "src"), server.address).pathname;
  await page.goto(`${server.address}/?paint=${output}`);
  await page.waitForSelector("dialog[open] [data-painter-stage]:focus");
  await act(page, "rest");
  const [w, h] = (await facts(page)).split(" ").filter((_, i) => i === 0 || i === 2).map(Number);
  const m = await used(page);
  assert.deepEqual([m.width, m.height], [w, h]);
  const row = Math.floor(h / 2) * w;
  assert.deepEqual([m.pixels[row + 2], m.pixels[row + w / 2 - 2], m.pixels[row + w / 2 + 2], m.pixels[row + w - 1]], [0, 0, 255, 255]);
  assert.deepEqual(page.problems, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing, and all of it fits, ${colorScheme}`, async () => {
    for (const [w, h] of [[360, 640], [768, 1024], [1440, 900], [844, 390]]) {
      const page = await begin({ viewport: { width: w, height: h }, colorScheme, hasTouch: w < 500 });
      await drag(page, [200, 100], [400, 300]);
      await accessible(page, `${w} wide`);
      if (await page.isVisible('[data-painter="more"]')) await act(page, "more");
      await accessible(page, `${w} wide, more`);
      const out = await page.evaluate(() => [...document.querySelectorAll("dialog[open] :is(button, label, input)")]
        .filter((e) => e.getClientRects().length > 0 && (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map((e) => e.outerHTML.slice(0, 80)));
      assert.deepEqual(out, [], `${w} wide`);
      assert.ok((await page.locator("[data-painter-stage]").boundingBox()).height > 100, `a stage at ${w}×${h}`);
      await act(page, "keys");
      await accessible(page, `${w} wide, keys`);
      await page.context().close();
    }
  });
}
