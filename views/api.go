package views

import (
	"fmt"
	"strings"

	"easel/internal/schema"
)

// API is the page that tells developers how to call the model.
type API struct {
	Page
	Model    Model
	Base     string // this server's address
	Inputs   []Field
	Examples []Card // that this server really drew
	Coming   bool   // more of them soon
	Curl     string // a first request
	Start    Values // input of the first request
}

// chapterLink leads to a part of the page.
type chapterLink struct{ ID, Title string }

// Chapters are the parts of the page, in order.
func (p API) Chapters() []chapterLink {
	all := []chapterLink{
		{"start", "Start"}, {"inputs", "Inputs"}, {"output", "Output"}, {"calls", "Calls"}, {"examples", "Examples"}, {"webhooks", "Webhooks"},
	}
	if p.Model.Card != "" {
		all = append(all, chapterLink{"model", "About the model"})
	}
	return all
}

// Expects says whether the examples will be others soon.
func (p API) Expects() string {
	if p.Coming {
		return "more"
	}
	return "no more"
}

// Rule is what a value must keep to, in a few words.
func (f Field) Rule() string {
	var words []string
	if len(f.Enum) > 0 {
		words = append(words, strings.Join(f.Enum, ", "))
	}
	if f.Minimum != nil || f.Maximum != nil {
		words = append(words, f.Min()+" to "+f.Max())
	}
	if f.Default != nil {
		words = append(words, fmt.Sprintf("default %v", f.Default))
	}
	if f.Required {
		words = append(words, "required")
	}
	return strings.Join(words, "; ")
}

// Kind is the type as an API names it.
func (f Field) Kind() string {
	if f.Format != "" {
		return f.Type + " (" + f.Format + ")"
	}
	return f.Type
}

// NewInputs are the schema's fields as a table shows them.
func NewInputs(fields []schema.Field) (all []Field) {
	for _, f := range fields {
		all = append(all, Field{Field: f})
	}
	return all
}

// Block is a piece of a model card: a heading, a paragraph, a list's item or code.
type Block struct{ Kind, Text string }

// Blocks reads the few forms of Markdown that model cards are made of.
func Blocks(card string) (all []Block) {
	if strings.HasPrefix(card, "---\n") { // metadata for a hub
		if _, rest, ok := strings.Cut(card[4:], "\n---\n"); ok {
			card = rest
		}
	}
	code := false
	open := "" // the block that the next line goes on with
	for line := range strings.SplitSeq(card, "\n") {
		text := strings.TrimSpace(line)
		kind := "p"
		switch {
		case strings.HasPrefix(text, "```"):
			code, open = !code, ""
			continue
		case code, strings.HasPrefix(text, "|"):
			kind, text = "code", line
		case text == "":
			open = ""
			continue
		case strings.HasPrefix(text, "#"):
			kind, text, open = "h", strings.TrimSpace(strings.TrimLeft(text, "#")), ""
		case strings.HasPrefix(text, "- "), strings.HasPrefix(text, "* "):
			kind, text, open = "li", text[2:], ""
		case open == "li":
			kind = "li"
		}
		if kind == open && kind != "h" {
			glue := " "
			if kind == "code" {
				glue = "\n"
			}
			all[len(all)-1].Text += glue + text
		} else {
			all = append(all, Block{kind, text})
		}
		if open = kind; kind == "h" {
			open = ""
		}
	}
	return all
}

// Sink is a test address for webhooks, and what arrived there.
type Sink struct {
	Page
	Address  string
	Create   string         // path that creates a prediction
	Body     map[string]any // a request whose webhooks go to Address
	Curl     string         // the same as a command
	Arrivals []Arrival
}

// Arrival is one request that a sink got.
type Arrival struct {
	When   string
	Event  string
	Header []Fact
	Body   string
}

// call is one of the calls that a first program needs.
type call struct{ Method, Path, Does string }

var calls = []call{
	{"POST", "/v1/models/{owner}/{name}/predictions", "Asks for pictures. With Prefer: wait the answer comes once they are drawn, at most 58 seconds later."},
	{"GET", "/v1/predictions/{id}", "How it stands; pictures, seeds and timings once it has ended."},
	{"GET", "/v1/predictions/{id}/events", "Each step and preview as it comes: JSON, server-sent events or a WebSocket, from any number on."},
	{"POST", "/v1/predictions/{id}/cancel", "Ends it within a step."},
	{"GET", "/v1/predictions", "All of them, newest first; search, status and cursor narrow and page."},
	{"POST", "/v1/files", "Takes a picture that inputs then name."},
	{"GET", "/v1/models/{owner}/{name}", "The model, its version, and its inputs as OpenAPI."},
	{"GET", "/v1/webhooks/default/secret", "The key that webhooks are signed with."},
}

// receiver is a program that takes webhooks, and believes only this server's.
const receiver = `import { createServer } from "node:http";
import { validateWebhook } from "replicate";

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const genuine = await validateWebhook({
    id: request.headers["webhook-id"],
    timestamp: request.headers["webhook-timestamp"],
    signature: request.headers["webhook-signature"],
    secret: process.env.WEBHOOK_SECRET,
    body,
  }).catch(() => false);
  response.writeHead(genuine ? 204 : 401).end();
  if (genuine) console.log(JSON.parse(body).status);
}).listen(process.env.PORT ?? 8080);`

// sampleAnswer is shaped as the API answers; the values are examples.
const sampleAnswer = `{
  "id": "5tq3pbw1nhrg80ct6dz0d6y2qm",
  "model": "owner/name",
  "status": "succeeded",
  "input": {"prompt": "a cat with sunglasses"},
  "output": ["https://…/files/…/out-0.webp"],
  "error": null,
  "logs": "…",
  "metrics": {"predict_time": 8.1},
  "urls": {"get": "…", "cancel": "…", "stream": "…", "web": "…"},
  "easel": {"seeds": [3141592653], "timings": {"steps": 7.2, "decode": 0.6, "total": 8.1}}
}`
