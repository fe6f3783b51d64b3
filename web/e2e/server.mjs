// Starts the server under test and says where it is.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** scripted is the real pages over a generator that needs no engine. */
export function scripted(step = "40ms", flags = []) {
  mkdirSync(".cache", { recursive: true });
  execFileSync("go", ["build", "-o", ".cache/sitetest", "./internal/site/sitetest"], { stdio: "inherit" });
  return start(".cache/sitetest", ["-addr", "127.0.0.1:0", "-step", step, ...flags]);
}

export const easel = process.env.EASEL_BIN ?? "bin/easel";

/** real is the program itself, with the embedded model unless flags say otherwise. */
export function real(flags = []) {
  if (!existsSync(easel)) throw new Error(`${easel} is not there: run make build first`);
  const data = mkdtempSync(join(tmpdir(), "easel-e2e-"));
  return start(easel, ["serve", "--addr", "127.0.0.1:0", "--data", data, ...flags], () => rmSync(data, { recursive: true, force: true }));
}

function start(program, args, cleanup = () => {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const stop = async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    await gone;
    cleanup();
  };
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      const address = /http:\/\/\S+/.exec(String(chunk))?.[0];
      if (address) resolve({ address, stop, said: () => said });
    });
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}: ${said}`)));
  });
}
