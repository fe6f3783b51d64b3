// The tabs beside the form: the request as JSON, which can be edited, and as code.
import { all, copyText, find, flash, maybe } from "./dom.ts";
import type { Form } from "./form.ts";
import { check } from "./input.ts";
import { fromJSON } from "./json.ts";
import { languages } from "./snippets/index.ts";
import { Tabs } from "./tabs.ts";
import type { Input, Settings } from "./types.ts";

export function codeTabs(form: Form, settings: Settings): void {
  const row = maybe(form.root, "[data-tabs]");
  if (!row) return;
  const tabs = new Tabs(row);
  const editor = find<HTMLTextAreaElement>(form.root, "[data-json]");
  const note = find(form.root, "[data-json-note]");

  const show = () => {
    if (tabs.chosen === "json" && document.activeElement !== editor) editor.value = JSON.stringify(form.described, null, 2);
    write(form.root, tabs.chosen, settings, form.plain, form.files);
  };
  tabs.addEventListener("change", show);
  form.addEventListener("change", show);
  editor.addEventListener("blur", show);
  editor.addEventListener("input", () => {
    const { values, problem, unknown } = fromJSON(editor.value, settings.fields);
    const broken = values ? Object.entries(check(values, settings)).map(([name, rule]) => `${name}: ${rule}`).join("; ") : problem;
    if (values) form.apply(values);
    const ignored = unknown.length > 0 ? `Ignored, as no input has this name: ${unknown.join(", ")}` : "";
    note.textContent = broken || ignored;
    note.dataset.bad = String(broken !== "");
  });
}

/** codeSample is the same for one request that nobody edits. */
export function codeSample(root: HTMLElement, settings: Settings, input: Input): void {
  const tabs = new Tabs(find(root, "[data-tabs]"));
  const show = () => write(root, tabs.chosen, settings, input, {});
  tabs.addEventListener("change", show);
  show();
}

function write(root: HTMLElement, name: string, settings: Settings, input: Input, files: Record<string, string>): void {
  const language = languages[name];
  if (!language) return;
  const panel = find(root, `[data-panel="${name}"]`);
  const { setup, code } = language({ origin: location.origin, model: settings.model, path: settings.create, input, files });
  find(panel, "[data-setup]").textContent = setup;
  find(panel, "[data-setup-part]").hidden = setup === "";
  find(panel, "[data-code]").textContent = code;
}

/** copyButtons work wherever code is shown. */
export function copyButtons(): void {
  for (const button of all<HTMLButtonElement>(document, "[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copyText(find(button.parentElement!, "pre").textContent ?? "");
      flash(find(button, "[data-label]"), "Copied");
    });
  }
}
