package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"easel/internal/fetch"
	"easel/internal/prediction"
	"easel/internal/render"
	"easel/internal/schema"
)

type generateCommand struct {
	Prompt   *string  `arg:"" optional:"" help:"What the picture shows."`
	Input    []string `short:"i" sep:"none" placeholder:"NAME=VALUE" help:"Another input, such as aspect_ratio=16:9 or seed=42; 'easel schema' lists them."`
	From     string   `type:"existingfile" placeholder:"FILE" help:"Draw again the picture in a file that Easel made, by the recipe inside."`
	Out      string   `short:"o" type:"path" default:"." placeholder:"DIR" help:"Where to write the pictures."`
	JSON     bool     `name:"json" help:"Print output, seeds, timings and warnings as JSON."`
	Previews bool     `help:"Write each step's preview too."`
	nameFlag
	safetyFlags
	loraFlags
	engineFlags
}

func (c *generateCommand) Run(ctx context.Context) error {
	dirs, err := c.models()
	if err != nil {
		return err
	}
	weights, err := versionID(dirs)
	if err != nil {
		return err
	}
	raw, old, err := c.input()
	if err != nil {
		return err
	}
	in, err := schema.Parse(raw)
	if err != nil {
		return fmt.Errorf("the input is not valid:\n%s", strings.TrimRight(err.Error(), "\n"))
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	tools, err := c.openTools(ctx, dirs, newLog())
	if err != nil {
		return err
	}
	defer tools.Close()
	sink := &fileSink{dir: c.Out, previews: c.Previews, bar: newBar(c.JSON), log: os.Stderr}
	if c.JSON {
		sink.log = io.Discard
	}
	data, err := c.dataDir()
	if err != nil {
		return err
	}
	client := fetch.New(true) // the caller is the operator
	store, err := c.openStore(data, dirs.loras(), client)
	if err != nil {
		return err
	}
	renderer := tools.renderer(localFiles{client}, localAdapters{store, old.extra}, identity(c.Name, weights), c.safetyFlags)
	renderer.Previews = c.Previews
	report, err := renderer.Render(ctx, in, sink)
	sink.bar.Finish()
	if err != nil {
		return err
	}
	if c.From != "" {
		old.differs = append(old.differs, drawnOtherwise(old.recipe, renderer.Identity, report.LoRAs)...)
	}
	return c.print(sink.written, report, old.differs)
}

// input is what to draw, as the API's input object; with --from, also the
// picture that is drawn again.
func (c *generateCommand) input() (raw []byte, old earlier, err error) {
	values, err := inputs(c.Input)
	if err != nil {
		return nil, old, err
	}
	if c.Prompt != nil {
		values["prompt"] = *c.Prompt
	}
	if c.From != "" {
		if values, old, err = again(c.From, values); err != nil {
			return nil, old, err
		}
	}
	raw, err = json.Marshal(values)
	return raw, old, err
}

// drawn is what --json prints.
type drawn struct {
	Output   []string `json:"output"`
	Warnings []string `json:"warnings"` // in place of Extra's, which are left out where there are none
	prediction.Extra
}

func newDrawn(written []string, report render.Report, differs []string) drawn {
	warnings := append([]string{}, differs...)
	return drawn{written, append(warnings, report.Warnings...), extra(report)}
}

// print tells what was drawn. Without --json the report's warnings stand in
// the log already; those of --from do not.
func (c *generateCommand) print(written []string, report render.Report, differs []string) error {
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(newDrawn(written, report, differs))
	}
	for _, d := range differs {
		fmt.Fprintln(os.Stderr, "warning:", d)
	}
	for _, l := range report.LoRAs {
		fmt.Fprintf(os.Stderr, "LoRA %s: %d of %d keys matched\n", l.Source, l.Report.Matched, l.Report.Keys)
	}
	for i, path := range written {
		fmt.Printf("%s (seed %d)\n", path, report.Seeds[i])
	}
	return nil
}

// inputs reads name=value pairs.
func inputs(pairs []string) (map[string]any, error) {
	values := map[string]any{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		field, known := schema.Lookup(name)
		switch {
		case !ok:
			return nil, fmt.Errorf("-i %s: write it as name=value", pair)
		case !known:
			return nil, fmt.Errorf("-i %s: there is no such input; 'easel schema' lists them", name)
		case field.Format == "uri" && (isFile(value) || !strings.Contains(value, ":")):
			path, err := filepath.Abs(value)
			if err != nil {
				return nil, fmt.Errorf("-i %s: %w", name, err)
			}
			values[name] = (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
		case name == "extra_lora" && isFile(value): // whole, so that no reader takes folder/name for owner/name
			path, err := filepath.Abs(value)
			if err != nil {
				return nil, fmt.Errorf("-i %s: %w", name, err)
			}
			values[name] = path
		case field.Type == "string":
			values[name] = value
		case json.Valid([]byte(value)):
			values[name] = json.RawMessage(value)
		default:
			values[name] = value // the schema says what it should have been
		}
	}
	return values, nil
}

// fileSink writes what a run brings into a directory.
type fileSink struct {
	dir      string
	previews bool
	bar      *progressbar.ProgressBar
	log      io.Writer
	written  []string
}

func newBar(quiet bool) *progressbar.ProgressBar {
	if quiet || !term.IsTerminal(int(os.Stderr.Fd())) {
		return progressbar.DefaultSilent(1)
	}
	return progressbar.NewOptions(1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("step"), progressbar.OptionClearOnFinish())
}

func (s *fileSink) Step(picture, step, of int, _ float64) {
	s.bar.ChangeMax((picture + 1) * of)
	s.bar.Set(picture*of + step)
}

func (s *fileSink) Preview(picture, step int, jpeg []byte) {
	if s.previews {
		name := filepath.Join(s.dir, fmt.Sprintf("out-%d-step-%02d.jpg", picture, step))
		if err := writeFile(name, jpeg); err != nil {
			fmt.Fprintln(os.Stderr, "warning:", err)
		}
	}
}

func (s *fileSink) Picture(_ int, _ int64, name, _ string, data []byte) error {
	path := filepath.Join(s.dir, name)
	s.written = append(s.written, path)
	return writeFile(path, data)
}

func (s *fileSink) Log(text string) { io.WriteString(s.log, text) }

// writeFile writes beside the target and renames, so no reader meets half a file.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".easel-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
