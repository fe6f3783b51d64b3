// `@ai-sdk/replicate` as it is, with only the base URL changed.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { createReplicate } from "@ai-sdk/replicate";
import { generateImage } from "ai";

const { EASEL_URL, EASEL_MODEL, EASEL_VERSION, OUT } = process.env;
const replicate = createReplicate({ apiToken: "any", baseURL: `${EASEL_URL}/v1` });

test("94 generateImage", async () => {
  for (const model of [EASEL_MODEL, `${EASEL_MODEL}:${EASEL_VERSION}`]) {
    const { images } = await generateImage({
      model: replicate.image(model), prompt: "a fox", n: 2, aspectRatio: "1:1", seed: 7, maxRetries: 0,
      providerOptions: { replicate: { num_inference_steps: 4, output_format: "png", megapixels: "0.25" } },
    });
    assert.ok(images.length > 0);
    assert.equal(images[0].mediaType, "image/png");
    await writeFile(join(OUT, `ai-${model.length}.png`), images[0].uint8Array);
  }
});

test("errors carry the server's words", async () => {
  await assert.rejects(generateImage({
    model: replicate.image(EASEL_MODEL), prompt: "x", maxRetries: 0, providerOptions: { replicate: { num_inference_steps: 99 } },
  }), /Must be less than or equal to 50/);
});
