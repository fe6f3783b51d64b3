// Builds static/ from web/: `node web/build.mjs [--watch] [--out DIR]`.
// A warning of the bundler is an error.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const { values: flags } = parseArgs({
  options: { watch: { type: "boolean", default: false }, out: { type: "string", default: "static" } },
});
const require = createRequire(import.meta.url);
const fontsource = "@fontsource-variable";
const fonts = [
  `${fontsource}/instrument-sans/files/instrument-sans-latin-wght-normal.woff2`,
  `${fontsource}/instrument-sans/files/instrument-sans-latin-ext-wght-normal.woff2`,
  `${fontsource}/geist-mono/files/geist-mono-latin-wght-normal.woff2`,
];

copyAssets();
await Promise.all([buildScript(), buildStyle()]);

function copyAssets() {
  mkdirSync(join(flags.out, "fonts"), { recursive: true });
  for (const font of fonts) {
    copyFileSync(require.resolve(font), join(flags.out, "fonts", font.split("/").pop()));
  }
  for (const family of ["instrument-sans", "geist-mono"]) {
    const licence = join(dirname(require.resolve(`${fontsource}/${family}/package.json`)), "LICENSE");
    copyFileSync(licence, join(flags.out, "fonts", `${family}.LICENSE.txt`));
  }
  copyFileSync("web/favicon.svg", join(flags.out, "favicon.svg"));
}

async function buildScript() {
  const context = await esbuild.context({
    entryPoints: { app: "web/src/main.ts", painter: "web/src/mask/index.ts" }, // the painter is fetched when it is wanted
    outdir: flags.out,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    legalComments: "none",
    logLevel: "warning",
  });
  if (flags.watch) return context.watch();
  const result = await context.rebuild();
  await context.dispose();
  if (result.warnings.length > 0) process.exit(1);
}

function buildStyle() {
  const args = ["-i", "web/app.css", "-o", join(flags.out, "app.css"), "--minify"];
  if (flags.watch) args.push("--watch=always"); // whether or not somebody is at a terminal
  return new Promise((resolve, reject) => {
    const child = spawn("node_modules/.bin/tailwindcss", args, { stdio: ["inherit", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`tailwindcss: ${said}`))));
  });
}
