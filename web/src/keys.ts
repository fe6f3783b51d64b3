// The keys that work everywhere on the playground.
import { all } from "./dom.ts";

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export function keys(run: () => void, cancel: () => void): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
    if (event.key === "Escape" && !document.querySelector(":popover-open, dialog[open]")) cancel();
    if (event.key === "?" && !(event.target as Element).closest("input, textarea, dialog")) {
      document.querySelector<HTMLDialogElement>("[data-keys]")?.showModal();
    }
  });
  for (const key of all(document, "[data-run-key]")) {
    key.hidden = false;
    key.textContent = isMac ? "⌘ ↵" : "Ctrl ↵";
  }
}
