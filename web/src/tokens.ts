// Tells how much of the prompt the model reads, and marks what it does not.
import { find } from "./dom.ts";
import type { Form } from "./form.ts";

const pause = 250; // milliseconds without a key before the server is asked

interface Count {
  count: number;
  limit: number;
  kept: number; // UTF-16 units of the prompt that are read
}

const isCount = (value: unknown): value is Count => typeof (value as Count | null)?.count === "number" && typeof (value as Count).kept === "number";

/** tokens keeps the count beside the prompt's label. */
export function tokens(form: Form): void {
  const field = find(form.root, '[data-field="prompt"]');
  const area = find<HTMLTextAreaElement>(field, "textarea");
  const aside = find(field, "[data-aside]");
  const mirror = find(field, "[data-cut]");
  const note = find(field, "[data-cut-note]");
  let asked = "";
  let timer = 0;

  const tell = (text: string, said: Count | null) => {
    const over = said ? Math.max(0, said.count - said.limit) : 0;
    aside.textContent = said && text ? `${said.count} / ${said.limit} tokens` : "";
    aside.toggleAttribute("data-over", over > 0);
    note.hidden = over === 0;
    note.textContent = over ? `The marked end, ${over} ${over === 1 ? "token" : "tokens"}, is more than the model reads: it will be cut.` : "";
    const rest = document.createElement("mark");
    rest.textContent = said ? text.slice(said.kept) : "";
    mirror.replaceChildren(over ? text.slice(0, said!.kept) : "", over ? rest : "");
    mirror.scrollTop = area.scrollTop;
  };
  const ask = async (text: string, model: string) => {
    const answer = await fetch(`/tokens?${new URLSearchParams({ model, prompt: text })}`).catch(() => null);
    const said: unknown = answer?.ok ? await answer.json().catch(() => null) : null;
    if (area.value === text) tell(text, isCount(said) ? said : null);
    if (!isCount(said)) asked = ""; // the engine is not ready yet: the next change asks again
  };
  const look = () => {
    const [text, model] = [area.value, form.values.model ?? ""];
    if (`${model} ${text}` === asked) return;
    asked = `${model} ${text}`;
    mirror.replaceChildren(); // what was marked has moved
    clearTimeout(timer);
    if (!text.trim()) return tell("", null);
    timer = setTimeout(() => void ask(text, model), pause) as unknown as number;
  };
  area.addEventListener("scroll", () => (mirror.scrollTop = area.scrollTop));
  form.addEventListener("change", look);
  look();
}
