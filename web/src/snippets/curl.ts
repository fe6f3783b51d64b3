import type { Input } from "../types.ts";
import { shell, type Language } from "./snippet.ts";

/** A command's argument may hold 128 KiB on Linux; longer bodies go in by a here-document. */
const maxArgument = 100_000;

/** curl writes the request as a command; files are uploaded first, and named by the address they got. */
export const curl: Language = ({ origin, path, input, files }) => {
  const uploads = Object.entries(files).map(([name, file]) => upload(origin, name, file));
  const addresses = Object.fromEntries(Object.keys(files).map((name) => [name, placeholder(name)]));
  const body = { ...input, ...addresses };
  return {
    setup: "export REPLICATE_API_TOKEN=<paste-your-token-here>",
    code: [...uploads, command(origin, path, body, Object.keys(files))].join("\n\n"),
  };
};

const variable = (name: string) => `${name.toUpperCase()}_URL`;
const placeholder = (name: string) => `{{${variable(name)}}}`;

const upload = (origin: string, name: string, file: string) =>
  `${variable(name)}=$(curl -s -H "Authorization: Bearer $REPLICATE_API_TOKEN" \\\n  -F ${shell(`content=@${file}`)} ${origin}/v1/files | jq -r .urls.get)`;

/** command is the request itself. Addresses of uploads are set between two quoted parts. */
export function command(origin: string, path: string, input: Input, uploaded: string[] = []): string {
  const body = JSON.stringify({ input }, null, 2);
  const head = [
    `curl -s -X POST \\`,
    `  -H "Authorization: Bearer $REPLICATE_API_TOKEN" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -H "Prefer: wait" \\`,
  ];
  if (body.length > maxArgument) return [...head, `  --data @- \\`, `  ${origin}${path} <<'EOM'`, body, "EOM"].join("\n");
  let quoted = quote(body);
  for (const name of uploaded) quoted = quoted.replace(placeholder(name), () => `'"$${variable(name)}"$'`);
  return [...head, `  -d ${quoted} \\`, `  ${origin}${path}`].join("\n");
}

/** quote is ANSI-C quoting of bash, zsh and ksh. */
export function quote(text: string): string {
  return `$'${text.replace(/[\\']/g, "\\$&").replace(/\u0000/g, "")}'`;
}

/** reproducible is the input with the seed that a run drew, so that it draws the same again. */
export function reproducible(input: Input, seeds: number[] | undefined): Input {
  return seeds?.[0] === undefined ? input : { ...input, seed: seeds[0] };
}
