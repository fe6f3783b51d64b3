// Keeps a part of a page as the server has it now, where nothing pushes.
const every = 3000; // milliseconds

export function fresh(root: HTMLElement): void {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-fresh]");
    if (now && now.textContent !== root.textContent) root.replaceChildren(...now.childNodes);
  }, every);
}
