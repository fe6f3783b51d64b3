// The divider between two pictures that lie over each other.
import { find } from "./dom.ts";

export function overlay(root: HTMLElement): void {
  const range = find<HTMLInputElement>(root, "[data-overlay-range]");
  const divide = () => root.style.setProperty("--divide", `${range.value}%`);
  range.addEventListener("input", () => {
    range.style.setProperty("--fill", `${range.value}%`);
    divide();
  });
  root.hidden = false;
  divide();
}
