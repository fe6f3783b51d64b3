// A picture that carries how it was made fills the form again.
import type { Values } from "./input.ts";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** recipeOf asks the server what a picture's file tells; null: nothing. */
export async function recipeOf(file: Blob): Promise<Values | null> {
  const answer = await fetch("/recipe", { method: "POST", body: file }).catch(() => null);
  const body: unknown = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!isObject(body) || !isObject(body.input)) return null;
  return Object.fromEntries(Object.entries(body.input).map(([name, value]) => [name, String(value)]));
}
