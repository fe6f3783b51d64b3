// Runs the unit tests of web/src: bundles each *.test.ts, then node --test.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import * as esbuild from "esbuild";

const out = ".cache/web-tests";
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const entryPoints = readdirSync("web/src", { recursive: true })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `web/src/${name}`);
await esbuild.build({ entryPoints, outdir: out, bundle: true, platform: "node", format: "esm", outExtension: { ".js": ".mjs" } });
const tests = readdirSync(out, { recursive: true }).filter((name) => name.endsWith(".mjs")).map((name) => `${out}/${name}`);
process.exit(spawnSync(process.execPath, ["--test", ...tests], { stdio: "inherit" }).status ?? 1);
