import { format, type Language } from "./snippet.ts";

export const go: Language = (request) => {
  const files = Object.entries(request.files);
  const uploads = files.map(
    ([name, file]) => `${name}, err := client.CreateFileFromPath(ctx, ${JSON.stringify(file)}, nil)
if err != nil {
	log.Fatal(err)
}
`,
  );
  const entries = [
    ...Object.entries(request.input).map(([name, value]) => `"${name}": ${JSON.stringify(value)},`),
    ...files.map(([name]) => `"${name}": ${name}.URLs["get"],`),
  ];
  return {
    setup: `go get github.com/replicate/replicate-go@v0.26.0
export REPLICATE_API_TOKEN=<paste-your-token-here>`,
    code: `package main

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
		replicate.WithBaseURL("${request.origin}/v1"),
	)
	if err != nil {
		log.Fatal(err)
	}

	${tabbed(uploads.join("\n"), 1)}output, err := client.RunWithOptions(ctx, ${JSON.stringify(request.model)}, replicate.PredictionInput{
		${tabbed(entries.join("\n"), 2)}
	}, nil, replicate.WithBlockUntilDone(), replicate.WithFileOutput())
	if err != nil {
		log.Fatal(err)
	}

	for index, item := range output.([]any) {
		data, err := io.ReadAll(item.(*replicate.FileOutput))
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("output_%d.${format(request)}", index), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
`,
  };
};

const tabbed = (text: string, tabs: number) => text.replaceAll("\n", "\n" + "\t".repeat(tabs));
