// Starts what the page holds. Every part works without the others.
import { all, find, json, maybe } from "./dom.ts";
import { Refused } from "./api.ts";
import { codeSample, codeTabs, copyButtons } from "./code.ts";
import { overlay } from "./compare.ts";
import { drops } from "./drops.ts";
import { Form } from "./form.ts";
import { fresh } from "./fresh.ts";
import { Gallery } from "./history.ts";
import { keys } from "./keys.ts";
import { loras } from "./lora.ts";
import { maskField, type MaskField } from "./mask/field.ts";
import { enhanceRun, type Finished, type Run } from "./run.ts";
import { shareLinks, waitForReplay } from "./share.ts";
import { invite } from "./stage.ts";
import { strip } from "./strip.ts";
import { themeSwitch } from "./theme.ts";
import { tokens } from "./tokens.ts";
import { tryRequest } from "./try.ts";
import type { Applied, Input, Settings } from "./types.ts";

all<HTMLButtonElement>(document, "[data-theme-switch]").forEach(themeSwitch);
all(document, "[data-overlay]").forEach(overlay);
all(document, "[data-fresh]").forEach(fresh);
all(document, "[data-try]").forEach(tryRequest);
copyButtons();
all(document, "[data-api-code]").forEach((root) => codeSample(root, json("settings") as Settings, json("first-request") as Input));

if (maybe(document, "#settings")) {
  const settings = json("settings") as Settings;
  const run = enhanceRun(settings);
  const form = maybe<HTMLFormElement>(document, "[data-form]");
  if (run && form) playground(new Form(form, settings), run, settings);
  else if (run) keys(() => undefined, () => void run.cancel());
}
shareLinks();
waitForReplay();
all<HTMLFormElement>(document, "[data-history]").forEach((form) => new Gallery(form));

function playground(form: Form, run: Run, settings: Settings): void {
  const stage = find(document, "[data-stage]");
  const submit = find<HTMLButtonElement>(form.root, "[data-submit]");
  codeTabs(form, settings);
  const given = new URLSearchParams(location.search).get("image") ?? "";
  if (given.startsWith("/files/")) form.startFrom(new URL(given, location.href).href);
  const masks = maskField(form);
  tokens(form);
  drops(form);
  const adapters = loras(form);
  run.addEventListener("loras", (event) => adapters?.applied((event as CustomEvent<Applied[]>).detail));
  run.addEventListener("drawn", (event) => {
    for (const lock of all(form.root, "[data-lock]")) lock.dataset.last = (event as CustomEvent<string>).detail;
  });
  run.addEventListener("finished", (event) => strip(find(document, "[data-strip]"), (event as CustomEvent<Finished>).detail));
  run.reusable = true;
  run.addEventListener("seed", (event) => form.fill({ seed: (event as CustomEvent<string>).detail }));
  run.addEventListener("use", (event) => form.startFrom((event as CustomEvent<string>).detail));
  onward(form, masks);
  const resize = () => invite(stage, form.size);
  resize();
  form.addEventListener("change", resize);
  run.addEventListener("change", () => {
    submit.setAttribute("aria-disabled", String(run.busy)); // focus stays, as it would not on a disabled button
    find(submit, "[data-submit-label]").textContent = run.busy ? "Running…" : "Run";
  });
  keys(() => form.root.requestSubmit(submit), () => void run.cancel());
  form.addEventListener("run", async () => {
    if (run.busy) return;
    bringIntoView(stage);
    try {
      await run.start(form.input);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      form.show(error.problems);
      form.focusProblem();
    }
  });
  for (const example of all<HTMLAnchorElement>(document, "[data-example]")) {
    example.addEventListener("click", (event) => {
      event.preventDefault();
      form.fill({ prompt: example.dataset.example! });
      find(form.root, "textarea").focus();
    });
  }
}

/** onward takes a picture that is seen large into the form; the links for that lead to a new page elsewhere. */
function onward(form: Form, masks: MaskField | null): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("[data-use-picture], [data-paint-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.closest("dialog")?.close();
    const sent = new URL(link.href).searchParams;
    const image = sent.get("image");
    if (image) form.startFrom(new URL(image, location.href).href);
    else void masks?.paintOn(sent.get("paint")!);
  });
}

/** On a phone the picture is below the form. */
function bringIntoView(stage: HTMLElement): void {
  const { top, bottom } = stage.getBoundingClientRect();
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (bottom > innerHeight && top > innerHeight / 2) stage.scrollIntoView({ behavior: smooth ? "smooth" : "auto", block: "start" });
}
