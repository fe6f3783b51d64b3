import assert from "node:assert/strict";
import { test } from "node:test";
import { firstOf, runAt } from "./link.ts";

test("the first address of a list counts, and comments do not", () => {
  assert.equal(firstOf("# from a tab\r\nhttps://example.com/a.png\r\nhttps://example.com/b.png"), "https://example.com/a.png");
  assert.equal(firstOf("file:///etc/passwd\njavascript:alert(1)"), "");
  assert.equal(firstOf(""), "");
});

test("only this server's pages of runs are runs", () => {
  const id = "5tq3pbw1nhrg80ct6dz0d6y2qm";
  assert.equal(runAt(`http://h:1/p/${id}?x`, "http://h:1"), id);
  assert.equal(runAt(`http://h:1/?p=${id}`, "http://h:1"), id);
  assert.equal(runAt(`http://h:12/p/${id}`, "http://h:1"), "");
  assert.equal(runAt("http://h:1/files/t/out-0.webp", "http://h:1"), "");
});
