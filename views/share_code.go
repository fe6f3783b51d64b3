package views

import (
	"bytes"
	"encoding/json"
	"strings"

	"easel/internal/schema"
)

// Snippet is the request in one language: what to do once, and the code.
type Snippet struct{ Title, Setup, Code string }

const pasteToken = "export REPLICATE_API_TOKEN=<paste-your-token-here>"

// SharedCode is a request in the languages that a page without script can
// show; the playground has more of them. The forms are those of
// web/src/snippets, which a browser test compares. A hidden prompt is left to
// the reader.
func SharedCode(origin, model, create string, input Values) []Snippet {
	asked := listed(input)
	fill := strings.NewReplacer("ORIGIN", origin, "MODEL", model, "FORMAT", format(input)).Replace
	body := "{\n  \"input\": {\n" + asked.lines("    \"", "\": ", asJSON) + "\n  }\n}"
	return []Snippet{
		{"cURL", pasteToken, fill(curlHead) + "  -d $'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(body) + "' \\\n  " + origin + create},
		{"Node.js", "npm install replicate\n" + pasteToken, fill(nodeHead) + asked.lines("    ", ": ", asJSON) + fill(nodeTail)},
		{"Python", fill("pip install replicate\n" + pasteToken + "\nexport REPLICATE_BASE_URL=ORIGIN"), fill(pythonHead) + asked.lines("        \"", "\": ", pythonic) + fill(pythonTail)},
		{"Go", "go get github.com/replicate/replicate-go@v0.26.0\n" + pasteToken, fill(goHead) + asked.lines("\t\t\"", "\": ", asJSON) + fill(goTail)},
	}
}

// pairs are a request's inputs, in the form's order, as JSON.
type pairs []struct{ name, value string }

func listed(input Values) (asked pairs) {
	for _, f := range schema.Fields() {
		v, ok := input[f.Name]
		if f.Name == "prompt" && !ok {
			v, ok = "<your prompt>", true
		}
		if ok {
			asked = append(asked, struct{ name, value string }{f.Name, literal(f, v)})
		}
	}
	return asked
}

// lines write each input on a line, with what stands before its name and between that and its value.
func (p pairs) lines(before, between string, write func(string) string) string {
	all := make([]string, len(p))
	for i, one := range p {
		all[i] = before + one.name + between + write(one.value)
	}
	return strings.Join(all, ",\n")
}

func format(input Values) string {
	if f := input["output_format"]; f != "" {
		return f
	}
	return "webp"
}

// literal is a value in JSON, which is JavaScript and, for strings and numbers, Go and Python, too.
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

func asJSON(v string) string { return v }

func pythonic(v string) string {
	switch v {
	case "true":
		return "True"
	case "false":
		return "False"
	}
	return v
}

const curlHead = `curl -s -X POST \
  -H "Authorization: Bearer $REPLICATE_API_TOKEN" \
  -H "Content-Type: application/json" \
  -H "Prefer: wait" \
`

const nodeHead = `import { writeFile } from "node:fs/promises";
import Replicate from "replicate";

const replicate = new Replicate({
  auth: process.env.REPLICATE_API_TOKEN,
  baseUrl: "ORIGIN/v1",
});

const output = await replicate.run("MODEL", {
  input: {
`

const nodeTail = `,
  },
});

for (const [index, item] of Object.entries(output)) {
  await writeFile(` + "`output_${index}.FORMAT`" + `, item);
}`

const pythonHead = `import replicate

output = replicate.run(
    "MODEL",
    input={
`

const pythonTail = `,
    },
)

for index, item in enumerate(output):
    with open(f"output_{index}.FORMAT", "wb") as file:
        file.write(item.read())`

const goHead = `package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/replicate/replicate-go"
)

func main() {
	ctx := context.Background()
	client, err := replicate.NewClient(
		replicate.WithTokenFromEnv(),
		replicate.WithBaseURL("ORIGIN/v1"),
	)
	if err != nil {
		log.Fatal(err)
	}

	output, err := client.RunWithOptions(ctx, "MODEL", replicate.PredictionInput{
`

const goTail = `,
	}, nil, replicate.WithBlockUntilDone(), replicate.WithFileOutput())
	if err != nil {
		log.Fatal(err)
	}

	for index, item := range output.([]any) {
		data, err := io.ReadAll(item.(*replicate.FileOutput))
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("output_%d.FORMAT", index), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}`
