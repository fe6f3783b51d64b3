import { cli } from "./cli.ts";
import { curl } from "./curl.ts";
import { go } from "./go.ts";
import { node } from "./node.ts";
import { python } from "./python.ts";
import type { Language } from "./snippet.ts";

/** languages by the name of their tab. */
export const languages: Record<string, Language> = { curl, node, python, go, cli };
