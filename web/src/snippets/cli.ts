import { shell, type Language } from "./snippet.ts";

/** cli draws without a server: the program that serves this page has the engine in it. */
export const cli: Language = (request) => {
  const { prompt = "", ...rest } = request.input;
  const inputs = Object.entries({ ...rest, ...request.files }).map(([name, value]) => `  -i ${shell(`${name}=${value}`)}`);
  return { setup: "", code: [`easel generate ${shell(String(prompt))}`, ...inputs].join(" \\\n") };
};
