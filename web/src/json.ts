// Pure: a request's input as JSON text, and back.
import type { Values } from "./input.ts";
import type { Field, Input, Value } from "./types.ts";

/** A chosen file stands in the JSON by its name: its bytes would bury the rest. */
const attached = "attached:";

export const isAttached = (text: string): boolean => text.startsWith(attached);

/** described is the input with files named rather than spelled out. */
export function described(input: Input, files: Record<string, string>): Input {
  const named = Object.entries(files).map(([name, file]) => [name, attached + file]);
  return { ...input, ...Object.fromEntries(named) };
}

export interface Read {
  values: Values | null; // of every field; null when the text is no JSON object
  problem: string;
  unknown: string[]; // keys that name no input
}

/** fromJSON reads what a person wrote. Fields that are left out have their defaults. */
export function fromJSON(text: string, fields: Field[]): Read {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { values: null, problem: (error as Error).message, unknown: [] };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return { values: null, problem: "Invalid type. Expected: object", unknown: [] };
  }
  const given = parsed as Record<string, unknown>;
  const values: Values = {};
  let problem = "";
  for (const field of fields) {
    const value = given[field.name];
    values[field.name] = String(value ?? field.default ?? "");
    if (value !== undefined && !fits(field, value)) {
      problem ||= `${field.name}: Invalid type. Expected: ${field.type}, given: ${kind(value)}`;
    } else if (field.enum && value !== undefined && !field.enum.includes(value as string)) {
      problem ||= `${field.name} must be one of the following: ${field.enum.map((e) => `"${e}"`).join(", ")}`;
    }
  }
  const unknown = Object.keys(given).filter((key) => !fields.some((f) => f.name === key));
  return problem ? { values: null, problem, unknown } : { values, problem, unknown };
}

/** kind is a value's type as a JSON schema names it. */
function kind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}

function fits(field: Field, value: unknown): value is Value {
  const type = field.type === "integer" ? "number" : field.type;
  return typeof value === type;
}
