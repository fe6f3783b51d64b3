// The switch between light and dark. The choice lives in a cookie, so that the
// server sends the next page in it and nothing flashes.
const year = 365 * 24 * 3600;

export function themeSwitch(button: HTMLButtonElement): void {
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    document.cookie = `theme=${next}; path=/; max-age=${year}; samesite=lax`;
  });
}
