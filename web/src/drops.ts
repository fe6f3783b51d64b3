// Pictures that tell how they were made: dropped on the page they fill the
// form; chosen as one to start from, they offer to.
import { find } from "./dom.ts";
import type { Form } from "./form.ts";
import type { Values } from "./input.ts";
import { recipeOf } from "./recipe.ts";

export function drops(form: Form): void {
  const note = find(form.root, "[data-form-note]");
  const say = (text: string) => {
    note.textContent = text;
    note.hidden = text === "";
  };
  form.root.addEventListener("input", () => say(""));

  const use = (values: Values, name: string) => {
    form.refill(values);
    say(`The form is filled with how ${name} was made.`);
  };
  document.addEventListener("drop", async (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file || (event.target as Element).closest("[data-drop], dialog")) return;
    if (!file.type.startsWith("image/")) return say(`${file.name} is not a picture`);
    const values = await recipeOf(file);
    if (values) return use(values, file.name);
    const image = form.picture("image");
    image?.reveal();
    await image?.take(file);
    say(`${file.name} does not tell how it was made: it is the picture to start from now.`);
  });

  form.root.addEventListener("chosen", async (event) => {
    const { detail: file, target } = event as CustomEvent<File>;
    const offer = find<HTMLButtonElement>(target as HTMLElement, "[data-offer]");
    offer.hidden = true;
    const values = await recipeOf(file);
    if (!values) return;
    offer.hidden = false;
    offer.onclick = () => use(values, file.name);
  });
}
