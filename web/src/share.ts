// Sharing in a dialog: the page that does it without script, put in place.
import { all, copyText, find, flash, maybe } from "./dom.ts";

/** shareLinks opens whatever leads to a prediction's sharing in a dialog. */
export function shareLinks(): void {
  const dialog = maybe<HTMLDialogElement>(document, "[data-share-dialog]");
  if (!dialog) return panel(document);
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-share]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void show(dialog, fetch(link.href), link.href);
  });
  dialog.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-share-form]")) return; // the one that closes
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    void show(dialog, fetch(form.action, { method: "POST", body }), form.action);
  });
}

/** show puts the panel of an answered page into the dialog; without an answer, the page itself is asked for. */
async function show(dialog: HTMLDialogElement, asked: Promise<Response>, address: string): Promise<void> {
  const answer = await asked.catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const content = page?.querySelector("[data-share-panel]");
  if (!content) return location.assign(address);
  find(dialog, "[data-share-place]").replaceChildren(document.adoptNode(content));
  panel(dialog);
  if (!dialog.open) dialog.showModal();
}

/** panel makes the links in it copy. */
function panel(root: ParentNode): void {
  for (const button of all<HTMLButtonElement>(root, "[data-copy-link]")) {
    button.hidden = false;
    const link = find<HTMLInputElement>(button.parentElement!, "[data-link]");
    link.addEventListener("focus", () => link.select());
    button.addEventListener("click", () => {
      void copyText(link.value).then(() => flash(find(button, "[data-label]"), "Copied"), () => link.select()); // to be copied by hand
    });
  }
}

/** waitForReplay loads the page of a run that a share made until it has ended. */
export function waitForReplay(): void {
  if (maybe(document, "[data-replay][data-busy]")) setTimeout(() => location.reload(), 1000);
}
