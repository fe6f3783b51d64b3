// Takes the pictures of every page for docs/screenshots: three widths, two
// themes, from the program itself with its embedded model.
import { mkdirSync } from "node:fs";
import { finished, launch, visit } from "./browser.mjs";
import { real } from "./server.mjs";

const out = "docs/screenshots";
const prompt = process.argv[2] ?? "a cat with sunglasses";
const sizes = { phone: [390, 844], tablet: [768, 1024], desktop: [1440, 900] };

mkdirSync(out, { recursive: true });
const [server, browser] = await Promise.all([real(), launch()]);
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, [width, height]] of Object.entries(sizes)) {
      const page = await visit(browser, server.address, "/", { viewport: { width, height }, colorScheme, deviceScaleFactor: width < 500 ? 2 : 1 });
      const shot = (what) => page.screenshot({ path: `${out}/${what}-${name}-${colorScheme}.png` });
      await page.waitForFunction(() => document.fonts.status === "loaded");
      await shot("empty");
      await page.fill("#prompt", prompt);
      await page.click("[data-submit]");
      await page.waitForFunction(() => /Step (1[4-9]|2\d) of/.test(document.querySelector("[data-headline]").textContent));
      await shot("running");
      await finished(page);
      await page.waitForTimeout(600); // the picture settles
      await shot("done");
      const id = new URL(page.url()).searchParams.get("p");
      for (const [what, path] of Object.entries({ result: `/p/${id}`, history: "/history" })) {
        await page.goto(server.address + path);
        await page.waitForLoadState("networkidle");
        await shot(what);
      }
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
