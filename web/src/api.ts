// The HTTP calls of this page.
import { isPrediction, isViolation, type Input, type Prediction, type Violation } from "./types.ts";

/** Refused is the server's no: problems by field name, "" for the request as a whole. */
export class Refused extends Error {
  constructor(message: string, readonly problems: Record<string, string>) {
    super(message);
  }
}

export const create = (path: string, input: Input): Promise<Prediction> =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ input }) });

export const read = (id: string): Promise<Prediction> => call(`/v1/predictions/${encodeURIComponent(id)}`, {});

export const cancel = (id: string): Promise<Prediction> =>
  call(`/v1/predictions/${encodeURIComponent(id)}/cancel`, { method: "POST" });

async function call(path: string, request: RequestInit): Promise<Prediction> {
  let response: Response;
  try {
    response = await fetch(path, { ...request, credentials: "same-origin" });
  } catch {
    throw new Refused("The server cannot be reached.", {});
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && isPrediction(body)) return body;
  throw refusal(response.status, body);
}

function refusal(status: number, body: unknown): Refused {
  const { detail, invalid_fields } = (body ?? {}) as { detail?: unknown; invalid_fields?: unknown };
  const message = typeof detail === "string" ? detail : `The server answered ${status}.`;
  const violations = Array.isArray(invalid_fields) ? invalid_fields.filter(isViolation) : [];
  return new Refused(message, byField(violations));
}

/** byField puts each violation at its field. "prompt is required" is said of the input, and meant of the prompt. */
export function byField(violations: Violation[]): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const v of violations) {
    let name = v.field.startsWith("input.") ? v.field.slice("input.".length) : "";
    if (!name && v.type === "required") name = v.description.split(" ", 1)[0] ?? "";
    problems[name] ??= v.description;
  }
  return problems;
}
