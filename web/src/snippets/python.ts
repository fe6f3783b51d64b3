import type { Value } from "../types.ts";
import { format, indent, type Language } from "./snippet.ts";

export const python: Language = (request) => {
  const entries = [
    ...Object.entries(request.input).map(([name, value]) => `"${name}": ${literal(value)}`),
    ...Object.entries(request.files).map(([name, file]) => `"${name}": open(${literal(file)}, "rb")`),
  ];
  return {
    setup: `pip install replicate
export REPLICATE_API_TOKEN=<paste-your-token-here>
export REPLICATE_BASE_URL=${request.origin}`,
    code: `import replicate

output = replicate.run(
    ${JSON.stringify(request.model)},
    input={
        ${indent(entries.join(",\n"), 8)},
    },
)

for index, item in enumerate(output):
    with open(f"output_{index}.${format(request)}", "wb") as file:
        file.write(item.read())
`,
  };
};

/** A JSON string is a Python string, but for characters beyond the first plane, which JSON writes plainly here. */
function literal(value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}
