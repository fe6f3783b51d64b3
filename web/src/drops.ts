// Pictures that tell how they were made, and texts that do: dropped on the page
// they fill the form, as a pasted text does; a picture that is chosen as one to
// start from offers to.
import { find } from "./dom.ts";
import type { Form } from "./form.ts";
import type { Values } from "./input.ts";
import { isParameters, recipeOf } from "./recipe.ts";

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

  /** tells takes a text with settings, and says whether it was one. */
  const tells = (text: string, event: Event): boolean => {
    if (!isParameters(text)) return false;
    event.preventDefault();
    void recipeOf(new Blob([text], { type: "text/plain" })).then((values) => values && use(values, "the picture of this text"));
    return true;
  };
  document.addEventListener("paste", (event) => tells(event.clipboardData?.getData("text/plain") ?? "", event));
  document.addEventListener("drop", async (event) => {
    if (tells(event.dataTransfer?.getData("text/plain") ?? "", event)) return;
    const dragged = event.dataTransfer;
    if (!dragged || (event.target as Element).closest("[data-drop], dialog, textarea, input")) return;
    const [file] = dragged.files;
    if (!file) return void startFrom(dragged);
    if (file.type === "text/plain" && tells(await file.text(), event)) return;
    if (!file.type.startsWith("image/")) return say(`${file.name} is not a picture`);
    const values = await recipeOf(file);
    if (values) return use(values, file.name);
    await startFrom(dragged, file);
  });

  /** startFrom takes what tells no recipe as the picture to start from. */
  const startFrom = async (dragged: DataTransfer, file?: File) => {
    const image = form.picture("image");
    if (!image) return;
    const taken = file ? image.take(file).then(() => true) : image.receive(dragged);
    if (!(await taken)) return;
    image.reveal();
    say(file ? `${file.name} does not tell how it was made: it is the picture to start from now.` : "The picture to start from is set.");
  };

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
