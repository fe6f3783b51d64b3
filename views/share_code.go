package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"easel/internal/schema"
)

// SharedCode is a request in the languages that a page without script can
// show; the playground has more of them. The forms are those of
// web/src/snippets. A hidden prompt is left to the reader.
func SharedCode(origin, model, create string, input Values) []Snippet {
	var names []string
	literals := map[string]string{}
	for _, f := range schema.Fields() {
		v, ok := input[f.Name]
		if f.Name == "prompt" && !ok {
			v, ok = "<your prompt>", true
		}
		if ok {
			names = append(names, f.Name)
			literals[f.Name] = literal(f, v)
		}
	}
	format := input["output_format"]
	if format == "" {
		format = "webp"
	}
	lines := func(pattern string, value func(string) string) string {
		var all []string
		for _, name := range names {
			all = append(all, fmt.Sprintf(pattern, name, value(literals[name])))
		}
		return strings.Join(all, ",\n")
	}
	plain := func(v string) string { return v }
	body := "{\n  \"input\": {\n" + lines("    \"%s\": %s", plain) + "\n  }\n}"
	return []Snippet{
		{"cURL", "curl -s -X POST \\\n" +
			"  -H \"Authorization: Bearer $REPLICATE_API_TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Prefer: wait\" \\\n" +
			"  -d $'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(body) + "' \\\n  " + origin + create},
		{"Node.js", "import { writeFile } from \"node:fs/promises\";\nimport Replicate from \"replicate\";\n\n" +
			"const replicate = new Replicate({\n  auth: process.env.REPLICATE_API_TOKEN,\n  baseUrl: \"" + origin + "/v1\",\n});\n\n" +
			"const output = await replicate.run(\"" + model + "\", {\n  input: {\n" + lines("    %s: %s", plain) + ",\n  },\n});\n\n" +
			"for (const [index, item] of Object.entries(output)) {\n  await writeFile(`output_${index}." + format + "`, item);\n}"},
		{"Python", "# export REPLICATE_BASE_URL=" + origin + "\nimport replicate\n\noutput = replicate.run(\n    \"" + model + "\",\n    input={\n" +
			lines("        \"%s\": %s", pythonic) + ",\n    },\n)\n\n" +
			"for index, item in enumerate(output):\n    with open(f\"output_{index}." + format + "\", \"wb\") as file:\n        file.write(item.read())"},
	}
}

// literal is a value in JSON, which is JavaScript, too.
func literal(f schema.Field, v string) string {
	if f.Type != "string" && json.Valid([]byte(v)) {
		return v
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a string into memory always encodes
	return strings.TrimSpace(b.String())
}

func pythonic(v string) string {
	switch v {
	case "true":
		return "True"
	case "false":
		return "False"
	}
	return v
}
