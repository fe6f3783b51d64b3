// Pure: a request as code, in the forms that Replicate's own page gives, with
// only the base address changed.
import type { Input } from "../types.ts";

/** Request is what a snippet makes. A picture from this machine stands in files, by the name of its input. */
export interface Request {
  origin: string; // of this server
  model: string; // owner/name
  path: string; // that creates a prediction
  input: Input; // without the pictures in files
  files: Record<string, string>; // input → file name
}

/** Snippet is what to do once, and the code itself. */
export interface Snippet {
  setup: string;
  code: string;
}

export type Language = (request: Request) => Snippet;

/** format is the ending that the outputs have. */
export const format = (request: Request): string => String(request.input.output_format ?? "webp");

/** indent puts spaces before every line but the first. */
export const indent = (text: string, spaces: number): string => text.replaceAll("\n", "\n" + " ".repeat(spaces));

/** shell is one word of a POSIX shell's command line. */
export const shell = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
