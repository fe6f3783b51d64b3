// What carries how a picture was made fills the form again: its file, or the text that others write.
import type { Values } from "./input.ts";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** isParameters says whether a text ends in a line of settings, as Automatic1111 and others write it. */
export const isParameters = (text: string): boolean => /(^|\n)Steps: \d+,[^\n]*$/.test(text.trim());

/** recipeOf asks the server what a picture's file, or a text, tells; null: nothing. */
export async function recipeOf(file: Blob): Promise<Values | null> {
  const answer = await fetch("/recipe", { method: "POST", body: file }).catch(() => null);
  const body: unknown = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!isObject(body) || !isObject(body.input)) return null;
  return Object.fromEntries(Object.entries(body.input).map(([name, value]) => [name, String(value)]));
}
