// What one can take away from a finished run.
import { find, part } from "./dom.ts";
import type { Output } from "./progress.ts";
import { zip } from "./zip.ts";

const nameOf = (file: string): string => file.split("/").at(-1) ?? "";

/** downloads are a link for each picture and, where there are several, one for all. */
export function downloads(id: string, outputs: Output[]): HTMLElement[] {
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
export const canCopy = typeof ClipboardItem !== "undefined" && Boolean(navigator.clipboard?.write);

/** copyPicture puts a picture on the clipboard as PNG, the one kind that all take. */
export async function copyPicture(url: string): Promise<void> {
  const png = async (): Promise<Blob> => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  };
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]); // a promise, or Safari forgets the click
}
