// What the tests of the history and of sharing do by the API.

/** draw makes a prediction and waits for its end. */
export async function draw(address, input) {
  const answer = await fetch(`${address}/v1/models/easel/emoji/predictions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "wait" },
    body: JSON.stringify({ input: { num_inference_steps: 1, megapixels: "0.25", ...input } }),
  });
  const prediction = await answer.json();
  if (prediction.status !== "succeeded") throw new Error(JSON.stringify(prediction));
  return prediction;
}

/** open shares a prediction as the form does, and returns the link's path. */
export async function open(address, id, fields = {}) {
  const answer = await fetch(`${address}/p/${id}/share`, { method: "POST", body: new URLSearchParams(fields) });
  return /\/s\/[0-9a-z]{26}/.exec(await answer.text())[0];
}
