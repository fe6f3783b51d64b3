// The playground as a person uses it, over a scripted generator.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { accessible, correlation, finished, headline, launch, tabTo, visit, watchPreviews } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path, options) => visit(browser, server.address, path, options);

test("a prompt becomes a picture, with previews on the way and nothing moving", async () => {
  const page = await open("/");
  await watchPreviews(page);
  await page.evaluate(() => {
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.shift += e.value))).observe({ type: "layout-shift", buffered: false });
  });
  await page.fill("#prompt", "a cat with sunglasses");
  await page.click("[data-submit]");
  const picture = await finished(page);
  assert.deepEqual([picture.width, picture.height], [1024, 1024]);
  const previews = await page.evaluate(() => window.previews);
  assert.ok(new Set(previews.map((p) => p.pixels.join())).size >= 3, "three distinct previews");
  assert.ok(correlation(previews.at(-1).pixels, picture.pixels) >= 0.9, "the last preview shows the picture");
  assert.match(await headline(page), /^Done in \d/);
  assert.ok((await page.evaluate(() => window.shift)) < 0.02, "layout shift");
  assert.deepEqual(page.problems, []);
});

test("by keyboard alone: type, run, cancel, run again", async () => {
  const page = await open("/");
  await tabTo(page, "#prompt");
  await page.keyboard.type("a fox");
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => /Step [5-9] of 28/.test(document.querySelector("[data-headline]").textContent));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /^Canceled in \d+ ms$/.test(document.querySelector("[data-headline]").textContent));
  assert.equal(await page.locator("img[data-final]").count(), 0);
  await tabTo(page, "[data-submit]");
  await page.keyboard.press("Enter");
  await finished(page);
  assert.deepEqual(page.problems, []);
});

test("the copied curl makes the same picture", async () => {
  const page = await open("/");
  await page.fill("#prompt", `it's a "quoted" \\ prompt`);
  await page.check(`[name="aspect_ratio"][value="16:9"]`);
  await page.click("[data-submit]");
  const picture = await finished(page);
  await page.click("[data-curl]");
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const answer = JSON.parse(execFileSync("bash", ["-c", command], { env: { ...process.env, REPLICATE_API_TOKEN: "none" } }));
  assert.equal(answer.status, "succeeded");
  assert.equal(answer.input.prompt, `it's a "quoted" \\ prompt`);
  const [again, first] = await Promise.all([answer.output[0], picture.src].map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())));
  assert.ok(again.equals(first), "same bytes");
});

test("a reload in the middle reattaches, and so does another browser", async () => {
  const page = await open("/");
  await page.fill("#prompt", "a slow one");
  await page.click("[data-submit]");
  await page.waitForFunction(() => /Step [3-9] of/.test(document.querySelector("[data-headline]").textContent));
  await page.reload();
  const other = await open(new URL(page.url()).pathname + new URL(page.url()).search);
  assert.equal(await other.inputValue("#prompt"), "a slow one");
  await Promise.all([finished(page), finished(other)]);
  assert.deepEqual([...page.problems, ...other.problems], []);
});

test("a dropped socket misses nothing", async () => {
  const page = await open("/");
  let dropped = 0;
  const asked = [];
  await page.routeWebSocket(/events/, (socket) => {
    asked.push(new URL(socket.url()).searchParams.get("after"));
    const upstream = socket.connectToServer();
    let seen = 0;
    upstream.onMessage((message) => {
      if (typeof message === "string" && dropped < 2 && ++seen > 12) {
        dropped++;
        upstream.close();
        socket.close();
      } else socket.send(message);
    });
  });
  await page.fill("#prompt", "through a bad line");
  await page.click("[data-submit]");
  await finished(page);
  assert.equal(dropped, 2);
  assert.equal(asked[0], "0");
  assert.ok(asked.slice(1).every((after) => Number(after) > 0), `resumed after ${asked}`);
});

test("what is wrong is said at the field", async () => {
  const page = await open("/");
  await page.click("[data-submit]");
  assert.equal(await page.textContent("#error-prompt"), "prompt is required");
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await page.fill("#prompt", "a fox");
  assert.equal(await page.isVisible("#error-prompt"), false);
  await page.click("text=Model and sampling");
  await page.fill("#guidance_scale", "99");
  await page.keyboard.press("Tab"); // said as soon as one is done with it
  assert.equal(await page.textContent("#error-guidance_scale"), "Must be less than or equal to 10");
  await page.fill("#guidance_scale", "3");
  await page.fill("#prompt", "fail now");
  await page.click("[data-submit]");
  await page.waitForSelector("[data-stage] [role=alert]");
  assert.match(await page.textContent("[data-stage] [role=alert]"), /asked for a failure/);
  assert.equal(await headline(page), "Failed");
});

test("the form remembers, resets and knows what is void", async () => {
  const page = await open("/");
  await page.fill("#prompt", "remember me");
  await page.check(`[name="aspect_ratio"][value="9:16"]`);
  assert.match(await page.textContent("[data-size]"), /768 × 1344/);
  await page.click("text=Model and sampling");
  await page.check(`[name="model"][value="schnell"]`);
  assert.equal(await page.inputValue("#num_inference_steps"), "4");
  assert.match(await page.textContent(`[data-field="guidance_scale"] [data-void-note]`), /schnell/);
  await page.reload();
  assert.equal(await page.inputValue("#prompt"), "remember me");
  assert.ok(await page.isChecked(`[name="aspect_ratio"][value="9:16"]`));
  await page.click("[data-reset]");
  await page.waitForFunction(() => document.querySelector("#prompt").value === "");
  assert.ok(await page.isChecked(`[name="aspect_ratio"][value="1:1"]`));
  assert.equal(await page.inputValue("#num_inference_steps"), "28");
});

test("JSON and form say the same, and code follows both", async () => {
  const page = await open("/");
  await page.fill("#prompt", "from the form");
  await page.click("[data-tab=json]");
  assert.deepEqual(JSON.parse(await page.inputValue("[data-json]")), { prompt: "from the form" });
  await page.fill("[data-json]", `{"prompt": "from JSON", "num_outputs": 9}`);
  assert.match(await page.textContent("[data-json-note]"), /num_outputs: Must be less than or equal to 4/);
  await page.fill("[data-json]", `{"prompt": "from JSON", "num_outputs": 2, "aspect_ratio": "2:3"}`);
  assert.equal(await page.textContent("[data-json-note]"), "");
  await page.focus("[data-tab=json]");
  for (const language of ["curl", "node", "python", "go", "cli"]) {
    await page.keyboard.press("ArrowRight");
    assert.match(await page.textContent(`[data-panel=${language}] [data-code]`), /from JSON/);
    await accessible(page, language);
  }
  await page.keyboard.press("Home");
  assert.equal(await page.inputValue("#prompt"), "from JSON");
  assert.ok(await page.isChecked(`[name="num_outputs"][value="2"]`));
});

test("looking back at the steps, and at the picture on the whole screen", async () => {
  const page = await open("/");
  await page.fill("#prompt", "look back");
  await page.click("[data-submit]");
  await finished(page);
  await page.locator("[data-scrub-range]").fill("3");
  assert.match(await page.textContent("[data-scrub-step]"), /^Step \d/);
  assert.equal(await page.locator("[data-stage] img[data-step]").count(), 1);
  await page.focus("[data-scrub-range]");
  await page.keyboard.press("End");
  assert.equal(await page.textContent("[data-scrub-step]"), "The picture");
  await page.focus(".frame-open");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[data-viewer][open]");
  const before = await page.textContent("[data-scale]");
  await page.keyboard.press("+");
  assert.notEqual(await page.textContent("[data-scale]"), before);
  await accessible(page, "viewer");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  assert.match(await headline(page), /^Done/);
});

test("the last pictures stand below, and one goes back to them", async () => {
  const page = await open("/");
  for (const prompt of ["the one before", "the one now"]) {
    await page.fill("#prompt", prompt);
    await page.click("[data-submit]");
    await page.waitForSelector(`[data-strip] [aria-current][title="${prompt}"]`);
  }
  await page.click('[data-strip] [title="the one before"]');
  await page.waitForFunction(() => document.querySelector("#prompt")?.value === "the one before");
  await finished(page);
  assert.equal(await page.locator("[data-strip] [aria-current]").getAttribute("title"), "the one before");
});

test("the question mark lists the keys, but not while one types", async () => {
  const page = await open("/");
  await page.focus("#prompt");
  await page.keyboard.type("why?");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.focus("[data-submit]");
  await page.keyboard.press("?");
  await page.waitForSelector("[data-keys][open]");
  await accessible(page, "keys");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog[open]").count(), 0);
});

test("warnings are counted below the picture, and told in their tab", async () => {
  const page = await open("/");
  await page.fill("#prompt", "with a warning");
  await page.click("[data-submit]");
  await page.click("text=1 warning");
  assert.equal(await page.textContent("[data-warnings]"), "output_format ignored: the script draws png");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.tab), "warnings");
  await accessible(page, "warnings");
});

test("several pictures hang side by side", async () => {
  const page = await open("/");
  await page.fill("#prompt", "four of them");
  await page.click("text=Model and sampling");
  await page.check(`[name="num_outputs"][value="4"]`);
  await page.fill("#num_inference_steps", "4");
  await page.click("[data-submit]");
  await page.waitForFunction(() => document.querySelectorAll("img[data-final]").length === 4);
  assert.equal(await page.locator("[data-download]").count(), 4);
});

test("without script the form posts, and the page of the run waits for the picture", async () => {
  const page = await open("/", { javaScriptEnabled: false });
  await page.click("[data-submit]");
  assert.equal(await page.textContent("#error-prompt"), "prompt is required");
  await page.fill("#prompt", "no script at all");
  await page.click("[data-submit]");
  assert.match(page.url(), /\/p\/[0-9a-z]{26}$/);
  await page.waitForSelector("img.still");
  assert.equal((await page.goto(server.address + "/history")).status(), 200);
  assert.match(await page.textContent(".gallery"), /no script at all/);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing, ${colorScheme}`, async () => {
    const page = await open("/", { colorScheme });
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await accessible(page, "empty");
    await page.click("[data-submit]");
    await accessible(page, "with an error");
    await page.fill("#prompt", "a fox");
    await page.click("[data-submit]");
    await page.waitForFunction(() => /Step/.test(document.querySelector("[data-headline]").textContent));
    await accessible(page, "running"); // the pointer still stands on the button
    await finished(page);
    await accessible(page, "done");
    const id = new URL(page.url()).searchParams.get("p");
    for (const path of [`/p/${id}`, "/history", "/history?q=nothing-like-it", "/no-such-page", "/styleguide"]) {
      await page.goto(server.address + path);
      await accessible(page, path);
    }
  });
}

test("nothing is wider than the screen, from 360 px to ultrawide", async () => {
  for (const width of [360, 390, 768, 1024, 1440, 3440]) {
    const page = await open("/", { viewport: { width, height: 800 } });
    for (const path of ["/", "/history", "/styleguide", "/no-such-page"]) {
      await page.goto(server.address + path);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${path} at ${width} px is ${over} px too wide`);
    }
    await page.context().close();
  }
});

test("the switch keeps its theme, before anything is drawn", async () => {
  const page = await open("/", { colorScheme: "light" });
  await page.click("[data-theme-switch]");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  assert.match(await (await page.reload()).text(), /data-theme="dark"/);
});
