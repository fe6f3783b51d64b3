// The controls that script makes better. Each holds one element.
import { find } from "./dom.ts";

/** slider binds a range to the number beside it; the number is what is sent. */
export function slider(range: HTMLInputElement): void {
  const number = find<HTMLInputElement>(range.form!, `[name="${range.dataset.slider}"]`);
  range.disabled = false;
  const paint = () => {
    if (number.value !== "") range.value = number.value;
    const [low, high] = [Number(range.min), Number(range.max)];
    range.style.setProperty("--fill", `${((Number(range.value) - low) / (high - low)) * 100}%`);
  };
  range.addEventListener("input", () => {
    number.value = range.value;
    number.dispatchEvent(new Event("input", { bubbles: true }));
  });
  number.addEventListener("input", paint);
  number.addEventListener("paint", paint);
  paint();
}

/** dice rolls 32 random bits: all that a seed is made of. */
export function dice(button: HTMLButtonElement): void {
  const input = find<HTMLInputElement>(document, `[name="${button.dataset.dice}"]`);
  button.hidden = false;
  button.addEventListener("click", () => {
    input.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
