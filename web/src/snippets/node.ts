import { format, indent, type Language } from "./snippet.ts";

export const node: Language = (request) => {
  const files = Object.entries(request.files);
  const entries = [
    ...Object.entries(request.input).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    ...files.map(([name, file]) => `${name}: await readFile(${JSON.stringify(file)})`),
  ];
  const fs = files.length > 0 ? "readFile, writeFile" : "writeFile";
  return {
    setup: "npm install replicate\nexport REPLICATE_API_TOKEN=<paste-your-token-here>",
    code: `import { ${fs} } from "node:fs/promises";
import Replicate from "replicate";

const replicate = new Replicate({
  auth: process.env.REPLICATE_API_TOKEN,
  baseUrl: "${request.origin}/v1",
});

const output = await replicate.run(${JSON.stringify(request.model)}, {
  input: {
    ${indent(entries.join(",\n"), 4)},
  },
});

for (const [index, item] of Object.entries(output)) {
  await writeFile(\`output_\${index}.${format(request)}\`, item);
}
`,
  };
};
