// npm `replicate` as it is, with only the base URL changed.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import test from "node:test";
import Replicate, { parseProgressFromLogs, validateWebhook } from "replicate";

const { EASEL_URL, EASEL_MODEL, EASEL_VERSION, OUT } = process.env;
const replicate = new Replicate({ auth: "any", baseUrl: `${EASEL_URL}/v1` });
const small = { prompt: "a fox", num_inference_steps: 4, output_format: "png", megapixels: "0.25", seed: 7 };

async function save(name, output) {
  const path = join(OUT, `js-${name}.png`);
  await writeFile(path, output);
  const head = (await readFile(path)).subarray(0, 4);
  assert.deepEqual([...head], [0x89, 0x50, 0x4e, 0x47], `${name} is no PNG`);
}

test("87 run, by model and by version, writes pictures", async () => {
  const output = await replicate.run(EASEL_MODEL, { input: { ...small, num_outputs: 2 } });
  assert.equal(output.length, 2);
  assert.ok(output[0].url() instanceof URL);
  for (const [index, item] of Object.entries(output)) await save(`run-${index}`, item);
  const [again] = await replicate.run(`${EASEL_MODEL}:${EASEL_VERSION}`, { input: small });
  await save("version", Buffer.from(await (await again.blob()).arrayBuffer()));
});

test("88 and 89 run slower than the hold, with progress", async () => {
  const seen = [];
  const [picture] = await replicate.run(
    EASEL_MODEL,
    { input: { ...small, prompt: "clouds", megapixels: "1", num_inference_steps: 50 }, wait: { mode: "block", timeout: 1 } },
    (prediction) => seen.push(parseProgressFromLogs(prediction)?.percentage),
  );
  await save("slow", picture);
  assert.ok(seen.some((p) => p > 0 && p < 1), `progress ${seen}`);
});

test("90 stream yields a file, then done", async () => {
  const events = [];
  for await (const event of replicate.stream(EASEL_MODEL, { input: small })) {
    if (event.event === "output") await save("stream", event.data);
    events.push(event.event);
  }
  assert.deepEqual(events, ["output", "done"]);
});

test("91 a Buffer as input", async () => {
  const image = await readFile(join(OUT, "js-run-0.png"));
  const [picture] = await replicate.run(EASEL_MODEL, { input: { ...small, image } });
  await save("buffer", picture);
});

test("92 an abort cancels", async () => {
  const controller = new AbortController();
  let id;
  await replicate.run(
    EASEL_MODEL,
    { input: { ...small, prompt: "clouds", megapixels: "1", num_inference_steps: 50 }, signal: controller.signal, wait: { mode: "poll", interval: 50 } },
    (prediction) => {
      id = prediction.id;
      if (prediction.status === "processing") controller.abort();
    },
  ).catch((error) => assert.equal(error.name, "AbortError"));
  // The aborted signal stops the client's own cancel on its way, too.
  if ((await replicate.predictions.get(id)).status === "processing") await replicate.predictions.cancel(id);
  assert.equal((await replicate.predictions.get(id)).status, "canceled");
});

test("failures and invalid inputs are errors", async () => {
  await assert.rejects(replicate.run(EASEL_MODEL, { input: {} }), /prompt is required/);
  await assert.rejects(replicate.run(EASEL_MODEL, { input: { ...small, image: "data:text/plain;base64,aGVsbG8=" } }), /Prediction failed: \S/);
});

test("pages, models, account, hardware", async () => {
  let count = 0;
  for await (const page of replicate.paginate(replicate.predictions.list)) count += page.length;
  assert.ok(count >= 5);
  const [owner, name] = EASEL_MODEL.split("/");
  assert.equal((await replicate.models.get(owner, name)).latest_version.id, EASEL_VERSION);
  assert.equal((await replicate.models.versions.list(owner, name)).results.length, 1);
  assert.ok((await replicate.models.search("flux")).results.length > 0);
  assert.ok((await replicate.accounts.current()).username);
  assert.ok((await replicate.hardware.list())[0].sku);
});

test("files", async () => {
  const file = await replicate.files.create(new Blob(["hello"], { type: "text/plain" }), { k: "v" });
  assert.equal(file.size, 5);
  assert.equal((await replicate.files.get(file.id)).metadata.k, "v");
  assert.ok((await replicate.files.list()).results.some((f) => f.id === file.id));
  assert.equal(await replicate.files.delete(file.id), true);
});

test("webhooks verify", async () => {
  const secret = (await replicate.webhooks.default.secret.get()).key;
  let receiver;
  const called = new Promise((resolve) => {
    receiver = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      resolve({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    }).listen(0, "127.0.0.1");
  });
  await new Promise((resolve) => receiver.once("listening", resolve));
  await replicate.predictions.create({
    model: EASEL_MODEL, input: small, webhook: `http://127.0.0.1:${receiver.address().port}/`, webhook_events_filter: ["completed"],
  });
  const { headers, body } = await called;
  receiver.close();
  assert.equal(JSON.parse(body).status, "succeeded");
  assert.ok(await validateWebhook({
    id: headers["webhook-id"], timestamp: headers["webhook-timestamp"], signature: headers["webhook-signature"], body, secret,
  }));
});
