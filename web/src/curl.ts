// Pure: a request as a shell command, in the form that Replicate's page gives.
import type { Input } from "./types.ts";

/** A command's argument may hold 128 KiB on Linux; longer bodies go in by a here-document. */
const maxArgument = 100_000;

/** curl writes the command that makes the same request of the server at origin. */
export function curl(origin: string, path: string, input: Input): string {
  const body = JSON.stringify({ input }, null, 2);
  const head = [
    `curl -s -X POST \\`,
    `  -H "Authorization: Bearer $REPLICATE_API_TOKEN" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -H "Prefer: wait" \\`,
  ];
  if (body.length <= maxArgument) return [...head, `  -d ${quote(body)} \\`, `  ${origin}${path}`].join("\n");
  return [...head, `  --data @- \\`, `  ${origin}${path} <<'EOM'`, body, "EOM"].join("\n");
}

/** quote is ANSI-C quoting of bash, zsh and ksh. */
export function quote(text: string): string {
  return `$'${text.replace(/[\\']/g, "\\$&").replace(/\u0000/g, "")}'`;
}

/** reproducible is the input with the seed that a run drew, so that it draws the same again. */
export function reproducible(input: Input, seeds: number[] | undefined): Input {
  return seeds?.[0] === undefined ? input : { ...input, seed: seeds[0] };
}
