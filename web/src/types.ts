// What the server says, mirrored from its Go types.

export type Status = "starting" | "processing" | "succeeded" | "failed" | "canceled";

export interface Field {
  name: string;
  label: string;
  type: "string" | "integer" | "number" | "boolean";
  format?: string;
  enum?: string[];
  default?: string | number | boolean;
  minimum?: number;
  maximum?: number;
  required?: boolean;
}

export type Size = [width: number, height: number];

export interface Settings {
  model: string; // owner/name
  create: string;
  fields: Field[];
  sizes: Record<string, Record<string, Size>>; // megapixels → ratio
  examples: string[] | null;
}

export type Value = string | number | boolean;
export type Input = Record<string, Value>;

export interface Prediction {
  id: string;
  status: Status;
  input: Input;
  output?: string[] | null;
  error: string | null;
  logs: string;
  easel: {
    seeds?: number[];
    warnings?: string[];
    timings?: Record<string, number>;
    loras?: Applied[];
    queue?: { position: number; eta?: number };
  };
}

/** Applied is an adapter as a run used it. */
export interface Applied {
  source: string; // "main", or the address
  scale: number;
  report?: unknown;
}

interface Envelope<Type extends string, Data> {
  n: number;
  type: Type;
  at: string;
  data: Data;
}

export type RunEvent =
  | Envelope<"queued", { position?: number } | null>
  | Envelope<"started", { attempt: number }>
  | Envelope<"step", { picture: number; step: number; of: number; seconds: number; phase?: string }>
  | Envelope<"preview", { picture: number; step: number }>
  | Envelope<"output", { index: number; file: string; seed: number }>
  | Envelope<"log", { text: string }>
  | Envelope<"done", { status: Status; error: string }>;

/** Violation is one broken rule; field is "input.name", or "input" for a missing one. */
export interface Violation {
  type: string;
  field: string;
  description: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Outside data is unknown until it passes one of these. */
export function isPrediction(value: unknown): value is Prediction {
  return isObject(value) && typeof value.id === "string" && typeof value.status === "string" && isObject(value.input);
}

export function isRunEvent(value: unknown): value is RunEvent {
  return isObject(value) && typeof value.n === "number" && typeof value.type === "string" && typeof value.at === "string";
}

export function isViolation(value: unknown): value is Violation {
  return isObject(value) && typeof value.field === "string" && typeof value.description === "string";
}

export function isFinal(status: Status | ""): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}
