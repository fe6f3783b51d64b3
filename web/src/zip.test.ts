import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32, zip } from "./zip.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("the checksum is the standard's", () => {
  assert.equal(crc32(bytes("123456789")), 0xcbf43926);
});

test("another program reads the file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-zip-"));
  try {
    const file = join(folder, "a.zip");
    const packed = zip([{ name: "one.txt", data: bytes("one") }, { name: "zwölf.txt", data: bytes("") }], new Date(2026, 4, 6, 7, 8, 10));
    writeFileSync(file, Buffer.from(await packed.arrayBuffer()));
    const read = `import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print([(i.filename, i.date_time, z.read(i).decode()) for i in z.infolist()])`;
    const said = execFileSync("python3", ["-c", read, file], { encoding: "utf8", env: { ...process.env, PYTHONIOENCODING: "utf8" } }).trim();
    assert.equal(said, "[('one.txt', (2026, 5, 6, 7, 8, 10), 'one'), ('zwölf.txt', (2026, 5, 6, 7, 8, 10), '')]");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
