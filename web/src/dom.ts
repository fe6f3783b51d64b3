// The few words this page needs for talking to the document.

export function find<E extends HTMLElement>(root: ParentNode, selector: string): E {
  const element = root.querySelector<E>(selector);
  if (!element) throw new Error(`no ${selector} on this page`);
  return element;
}

export const maybe = <E extends HTMLElement>(root: ParentNode, selector: string): E | null => root.querySelector<E>(selector);

export const all = <E extends HTMLElement>(root: ParentNode, selector: string): E[] => [...root.querySelectorAll<E>(selector)];

/** part copies one of the page's templates, so that every byte of HTML comes from the server. */
export function part<E extends HTMLElement>(name: string): E {
  const template = find<HTMLTemplateElement>(document, `template[data-part="${name}"]`);
  return template.content.firstElementChild!.cloneNode(true) as E;
}

export function image(src: string, alt: string): HTMLImageElement {
  const img = new Image();
  img.src = src;
  img.alt = alt;
  img.decoding = "async";
  return img;
}

export function json(id: string): unknown {
  return JSON.parse(find(document, `#${id}`).textContent ?? "null");
}

/** flash shows a word on a button for a moment. */
export function flash(label: HTMLElement, word: string): void {
  const before = label.dataset.word ?? label.textContent ?? "";
  label.dataset.word = before;
  label.textContent = word;
  setTimeout(() => (label.textContent = before), 1600);
}

/** The clipboard API needs a secure page; plain http on another machine has only the old way. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
