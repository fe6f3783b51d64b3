// The LoRA panel as a person uses it, over a scripted generator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, finished, launch, tabTo, visit } from "./browser.mjs";
import { scripted } from "./server.mjs";

let browser, server;
before(async () => {
  [server, browser] = await Promise.all([scripted("1ms"), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(options) {
  const page = await visit(browser, server.address, "/", options);
  await page.click('summary[data-title="LoRA"]');
  await page.waitForSelector("[data-lora]:not([hidden])");
  return page;
}

const file = (name, text) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });
const card = (page, which) => page.locator(`[data-lora-card="${which}"]`);

test("both adapters have a scale, a card and words for the prompt", async () => {
  const page = await open();
  for (const name of ["lora_scale", "extra_lora_scale"]) {
    await page.locator(`[data-slider="${name}"]`).fill("1.4");
    assert.equal(await page.inputValue(`#${name}`), "1.4");
  }
  await page.fill("#prompt", "a cat");
  await card(page, "main").locator("[data-words] button").click();
  assert.equal(await page.inputValue("#prompt"), "a cat, EMOJI");
  await page.click('[data-lora-chips="names"] >> text=crayon');
  assert.equal(await page.inputValue("#extra_lora"), "crayon");
  assert.equal(await card(page, "extra").locator("[data-match]").textContent(), "crayon.safetensors: all 304 keys matched");
  await card(page, "extra").locator("[data-words] button").click();
  assert.equal(await page.inputValue("#prompt"), "a cat, EMOJI, crayon");
  await card(page, "extra").locator("summary").click();
  assert.equal(await card(page, "extra").locator('[data-fact="keys"]').textContent(), "304, all matched");
  await page.click('[data-lora-chips="names"] >> text=crayon'); // and out again
  assert.equal(await page.inputValue("#extra_lora"), "");
  assert.equal(await card(page, "extra").isVisible(), false);
  assert.deepEqual(page.problems, []);
});

test("keys that are not matched are said, and named", async () => {
  const page = await open();
  await page.setInputFiles("[data-lora-upload] input", file("part.safetensors", "weights"));
  await page.waitForFunction(() => document.querySelector("#extra_lora").value === "part");
  await card(page, "extra").getByText("part.safetensors: 2 of 304 keys not matched, which do nothing").waitFor();
  await card(page, "extra").locator("summary").click();
  assert.equal(await card(page, "extra").locator('[data-fact="not matched"]').textContent(), "lora_te2_a, lora_te2_b");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, `with a card, ${colorScheme}`);
  }
});

test("a file is added; one that is none is refused in its words; what was used is offered again", async () => {
  const page = await open();
  await page.setInputFiles("[data-lora-upload] input", file("torn.safetensors", "bad file"));
  await page.getByText("its header ends early").waitFor();
  await page.setInputFiles("[data-lora-upload] input", file("mine.safetensors", "weights"));
  await page.waitForFunction(() => document.querySelector("#extra_lora").value === "mine");
  const used = [];
  for (const name of ["mine", "huggingface.co/somebody/style"]) {
    await page.fill("#extra_lora", name);
    await page.fill("#prompt", "a cat");
    await page.click("[data-submit]");
    await finished(page);
    used.unshift(name);
  }
  await page.goto(server.address);
  await page.waitForSelector('[data-lora-chips="recent"] button', { state: "attached" });
  assert.deepEqual(await page.locator('[data-lora-chips="recent"] button').allTextContents(), used);
  assert.equal(await page.locator('[data-lora-chips="names"] >> text=mine').count(), 0, "offered once");
});

test("by keyboard, and on a phone", async () => {
  const page = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.focus("#extra_lora");
  await tabTo(page, '[data-lora-chips="names"] button');
  await page.keyboard.press("Enter");
  assert.notEqual(await page.inputValue("#extra_lora"), "");
  await card(page, "extra").locator("[data-words] button").tap();
  assert.ok((await page.inputValue("#prompt")).includes(await page.inputValue("#extra_lora")));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
});
