// Pure: from what the form's controls hold to the input of a request.
import type { Field, Input, Settings, Size, Value } from "./types.ts";

/** Values are the controls' texts by field name. A picture is a data URI or an address. */
export type Values = Record<string, string>;

/** voided says why an input would have no effect, as the server would warn. */
export function voided(values: Values): Record<string, string> {
  const reasons: Record<string, string> = {};
  if (values.image) {
    for (const name of ["aspect_ratio", "width", "height", "megapixels"]) reasons[name] = "Ignored: an image is given";
  } else {
    reasons.prompt_strength = "Ignored: no image is given";
    if (values.aspect_ratio === "custom") reasons.megapixels = "Ignored: aspect_ratio is custom";
  }
  if (values.model === "schnell") reasons.guidance_scale = "Ignored: schnell has no guidance";
  if (values.output_format === "png") reasons.output_quality = "Ignored: png is lossless";
  if (!values.extra_lora) reasons.extra_lora_scale = "Ignored: no extra LoRA is given";
  return reasons;
}

/** toInput keeps what was chosen: neither defaults, nor blanks, nor what has no effect. */
export function toInput(values: Values, fields: Field[]): Input {
  const input: Input = {};
  const ignored = voided(values);
  const custom = values.aspect_ratio === "custom";
  for (const field of fields) {
    const text = (values[field.name] ?? "").trim();
    if (text === "" || field.name in ignored) continue;
    if ((field.name === "width" || field.name === "height") && !custom) continue;
    const value = parse(field, text);
    if (value !== field.default) input[field.name] = value;
  }
  return input;
}

function parse(field: Field, text: string): Value {
  if (field.type === "boolean") return text === "true";
  if (field.type === "string") return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : text; // the server says what is wrong with it
}

/** check applies the schema's rules in the server's words; the server's own word is final. */
export function check(values: Values, settings: Settings): Record<string, string> {
  const problems: Record<string, string> = {};
  const ignored = voided(values);
  for (const field of settings.fields) {
    if (field.name in ignored) continue;
    const problem = rule(field, (values[field.name] ?? "").trim());
    if (problem) problems[field.name] = problem;
  }
  if (values.mask && !values.image) problems.image = "image is required when mask is given";
  if (values.aspect_ratio === "custom" && !values.image) {
    for (const name of ["width", "height"]) {
      if (!values[name]) problems[name] = `${name} is required when aspect_ratio is custom`;
    }
  } else {
    delete problems.width;
    delete problems.height;
  }
  return problems;
}

function rule(field: Field, text: string): string {
  if (text === "") return field.required ? `${field.name} is required` : "";
  if (field.format === "uri" && !/^[a-z][a-z0-9+.-]*:./i.test(text)) return "Does not match format 'uri'";
  if (field.type !== "integer" && field.type !== "number") return "";
  const number = Number(text);
  if (!Number.isFinite(number)) return `Invalid type. Expected: ${field.type}, given: string`;
  if (field.type === "integer" && !Number.isInteger(number)) return "Invalid type. Expected: integer, given: number";
  const [least, most] = field.type === "integer" ? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] : [-Infinity, Infinity];
  const { minimum = least, maximum = most } = field;
  if (number < minimum) return `Must be greater than or equal to ${minimum}`;
  if (number > maximum) return `Must be less than or equal to ${maximum}`;
  return "";
}

const nearest16 = (n: number) => Math.floor((n + 8) / 16) * 16;

/** pictureSize is the size of the picture that the values ask for, when no image sets it. */
export function pictureSize(values: Values, sizes: Settings["sizes"]): Size {
  if (values.aspect_ratio === "custom") {
    const [width, height] = [Number(values.width), Number(values.height)];
    if (width > 0 && height > 0) return [nearest16(width), nearest16(height)];
  }
  return sizes[values.megapixels || "1"]?.[values.aspect_ratio || "1:1"] ?? [1024, 1024];
}
