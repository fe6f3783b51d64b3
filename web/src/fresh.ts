// Keeps a part of a page as the server has it now, where nothing pushes, for
// as long as the part says that more is to come.
const every = 3000; // milliseconds

export function fresh(root: HTMLElement): void {
  const timer = setInterval(async () => {
    if (root.dataset.fresh !== "more") return clearInterval(timer);
    if (document.hidden) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector<HTMLElement>("[data-fresh]");
    if (!now) return;
    root.dataset.fresh = now.dataset.fresh;
    if (now.textContent !== root.textContent) root.replaceChildren(...now.childNodes);
  }, every);
}
