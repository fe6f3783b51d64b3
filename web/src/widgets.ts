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

/** roll draws 32 random bits: all that a seed is made of. */
const roll = (): string => String(crypto.getRandomValues(new Uint32Array(1))[0]);

const set = (input: HTMLInputElement, value: string) => {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

/** dice puts a new seed into the field. */
export function dice(button: HTMLButtonElement): void {
  const input = find<HTMLInputElement>(document, `[name="${button.dataset.dice}"]`);
  button.hidden = false;
  button.addEventListener("click", () => set(input, roll()));
}

/** lock keeps the seed of the last run for the next ones, or lets each draw its own. */
export function lock(button: HTMLButtonElement): void {
  const input = find<HTMLInputElement>(document, `[name="${button.dataset.lock}"]`);
  button.hidden = false;
  const paint = () => button.setAttribute("aria-pressed", String(input.value !== ""));
  button.addEventListener("click", () => set(input, input.value === "" ? (button.dataset.last ?? roll()) : ""));
  for (const kind of ["input", "paint"]) input.addEventListener(kind, paint);
  paint();
}
