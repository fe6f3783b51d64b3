// The button that sends the request which a page shows.
import { find, json } from "./dom.ts";

export function tryRequest(root: HTMLElement): void {
  const button = find<HTMLButtonElement>(root, "button");
  const said = find(root, "[data-try-said]");
  root.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await fetch(root.dataset.try!, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(json("try-request")),
    }).catch(() => null);
    const body = (await answer?.json().catch(() => null)) as { detail?: unknown } | null;
    said.textContent = answer?.ok ? "Sent. What it causes arrives below." : String(body?.detail ?? "The server cannot be reached.");
    button.disabled = false;
  });
}
