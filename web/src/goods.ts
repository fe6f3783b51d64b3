// What one can take away from a finished run.
import { copyText, find, flash, part } from "./dom.ts";
import type { Output } from "./progress.ts";
import { command, reproducible } from "./snippets/curl.ts";
import type { Input } from "./types.ts";
import { zip } from "./zip.ts";

/** Ended is a run with what came of it. */
export interface Ended {
  id: string;
  outputs: Output[];
  input: Input;
  create: string; // path that creates a prediction
}

/** goods are the buttons under a run that has ended. Use starts from a picture, where there is a form for it. */
export function goods(run: Ended, say: (word: string) => void, use: ((address: string) => void) | null): HTMLElement[] {
  const copy = part<HTMLButtonElement>("curl");
  copy.addEventListener("click", async () => {
    await copyText(command(location.origin, run.create, reproducible(run.input, run.outputs.map((o) => o.seed))));
    flash(find(copy, "[data-label]"), "Copied");
    say("Copied");
  });
  const page = `/p/${encodeURIComponent(run.id)}`;
  const [first] = run.outputs;
  return [...downloads(run.id, run.outputs), copy, ...(first ? pictureButtons(run.id, first, say, use) : []), link("permalink", page)];
}

function pictureButtons(id: string, { file }: Output, say: (word: string) => void, use: ((address: string) => void) | null): HTMLElement[] {
  const address = `/files/${file}`;
  const buttons = [link("compare", `/compare?a=${encodeURIComponent(id)}`), link("share", `/p/${encodeURIComponent(id)}/share`)];
  if (use) buttons.unshift(button("use", () => use(new URL(address, location.href).href)));
  if (canCopy) buttons.unshift(button("copy-picture", () => void copyPicture(address).then(() => say("Picture copied"), (error: Error) => say(error.message))));
  return buttons;
}

function button(name: string, press: () => void): HTMLElement {
  const made = part(name);
  made.addEventListener("click", press);
  return made;
}

function link(name: string, href: string): HTMLElement {
  const made = part<HTMLAnchorElement>(name);
  made.href = href;
  return made;
}

const nameOf = (file: string): string => file.split("/").at(-1) ?? "";

/** downloads are a link for each picture and, where there are several, one for all. */
function downloads(id: string, outputs: Output[]): HTMLElement[] {
  const links = outputs.map((output, i) => {
    const link = part<HTMLAnchorElement>("download");
    link.href = `/files/${output.file}`;
    link.download = nameOf(output.file);
    if (outputs.length > 1) {
      find(link, "[data-label]").textContent = String(i + 1);
      link.setAttribute("aria-label", `Download picture ${i + 1}`);
    }
    return link;
  });
  if (outputs.length < 2) return links;
  const all = part<HTMLButtonElement>("zip");
  all.addEventListener("click", async () => {
    all.disabled = true;
    await saveAll(id, outputs).finally(() => (all.disabled = false));
  });
  return [all, ...links];
}

async function saveAll(id: string, outputs: Output[]): Promise<void> {
  const entries = await Promise.all(outputs.map(async ({ file }) => {
    const answer = await fetch(`/files/${file}`);
    if (!answer.ok) throw new Error(`${nameOf(file)}: the server answered ${answer.status}`);
    return { name: nameOf(file), data: new Uint8Array(await answer.arrayBuffer()) };
  }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(zip(entries));
  link.download = `easel-${id}.zip`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** canCopy says whether this browser puts pictures on the clipboard: only on secure pages. */
const canCopy = typeof ClipboardItem !== "undefined" && Boolean(navigator.clipboard?.write);

/** copyPicture puts a picture on the clipboard as PNG, the one kind that all take. */
async function copyPicture(url: string): Promise<void> {
  const png = async (): Promise<Blob> => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  };
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]); // a promise, or Safari forgets the click
}
