// The mask's place in the form: opens the painter, and keeps the mask with the
// picture that it was painted on.
import { find, maybe } from "../dom.ts";
import type { Form } from "../form.ts";

/** The painter is a script of its own, fetched when it is first wanted. */
const load = (): Promise<typeof import("./index.ts")> =>
  import(new URL("painter.js", import.meta.url).href).catch(() => {
    throw new Error("The painter could not be loaded: the server does not answer.");
  });

export class MaskField {
  private picture = ""; // the image that the mask belongs to
  private ours = ""; // the mask that the painter made, as the form holds it
  private readonly button: HTMLButtonElement;

  constructor(private readonly form: Form, root: HTMLElement) {
    this.button = find(root, "button");
    this.button.addEventListener("click", () => void this.paint());
    form.addEventListener("change", () => void this.follow());
    void this.follow();
  }

  /** paint opens the painter; what is used becomes the form's mask. */
  async paint(): Promise<void> {
    if (this.button.ariaBusy === "true") return;
    this.button.ariaBusy = "true";
    try {
      const { paint } = await load();
      const mask = this.mask.value;
      const file = await paint(this.image.value, mask && mask !== this.ours ? mask : undefined);
      if (file) await this.give(file);
    } catch (error) {
      this.form.show({ image: error instanceof Error ? error.message : String(error) });
    } finally {
      this.button.ariaBusy = null;
    }
  }

  /** paintOn starts from a picture of this server, and opens the painter on it. */
  async paintOn(address: string): Promise<void> {
    this.image.set(new URL(address, location.href).href);
    this.button.closest("details")?.setAttribute("open", "");
    await this.paint();
  }

  private get image() {
    return this.form.picture("image")!;
  }

  private get mask() {
    return this.form.picture("mask")!;
  }

  private async give(file: File): Promise<void> {
    [this.picture, this.ours] = [this.image.value, ""];
    await this.mask.take(file);
    this.ours = this.mask.value;
  }

  /** follow sees that a mask goes with its picture and comes back with it. */
  private async follow(): Promise<void> {
    const [picture, mask] = [this.image.value, this.mask.value];
    this.button.hidden = picture === "";
    if (picture !== this.picture) return this.change(picture, mask);
    if (!this.ours || mask === this.ours) return;
    this.ours = ""; // somebody took the mask out, or chose another
    await load().then((painter) => painter.unuse(picture)).catch(() => undefined);
  }

  private async change(picture: string, mask: string): Promise<void> {
    this.picture = picture;
    const stale = this.ours !== "" && mask === this.ours;
    this.ours = "";
    if (stale) this.mask.clear();
    const whole = picture.startsWith("data:") || /^https?:\/\/[^/]+\//.test(picture); // and not an address that is being typed
    if (!whole || this.mask.value) return;
    const file = await load().then((painter) => painter.usedOn(picture)).catch(() => null);
    if (file && this.image.value === picture && !this.mask.value) await this.give(file);
  }
}

/** maskField starts the painter's place in the form; ?paint=/files/… opens it on a picture. */
export function maskField(form: Form): MaskField | null {
  const root = maybe(form.root, "[data-paint]");
  if (!root || !form.picture("image") || !form.picture("mask")) return null;
  const field = new MaskField(form, root);
  const address = new URLSearchParams(location.search).get("paint") ?? "";
  if (address.startsWith("/files/")) void field.paintOn(address);
  return field;
}
