package views

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"easel/internal/prediction"
	"easel/internal/schema"
)

func html(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every input of the schema has a control, in a group, with its help and its place for an error.
func TestFormHasEveryField(t *testing.T) {
	page := html(t, InputForm(NewForm(schema.Fields(), nil, nil)))
	for _, f := range schema.Fields() {
		for _, want := range []string{`data-field="` + f.Name + `"`, ` name="` + f.Name + `"`, `id="error-` + f.Name + `"`, `id="help-` + f.Name + `"`} {
			if !strings.Contains(page, want) {
				t.Errorf("the form lacks %s", want)
			}
		}
	}
}

// A field that nobody thought of still gets a control that suits its type.
func TestWidgets(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	for want, f := range map[string]schema.Field{
		"picture":  {Type: "string", Format: "uri"},
		"shapes":   {Type: "string", Enum: []string{"1:1", "custom"}},
		"segments": {Type: "string", Enum: []string{"a", "b"}},
		"select":   {Type: "string", Enum: []string{"a", "b", "c", "d", "e"}},
		"switch":   {Type: "boolean"},
		"slider":   {Type: "number", Minimum: at(0), Maximum: at(10)},
		"seed":     {Type: "integer"},
		"area":     {Type: "string", Required: true},
		"text":     {Type: "string"},
	} {
		if got := (Field{Field: f}).widget(); got != want {
			t.Errorf("%+v gets %q, want %q", f, got, want)
		}
	}
	form := NewForm([]schema.Field{{Name: "unheard_of", Title: "Unheard Of", Type: "string"}}, nil, nil)
	if len(form.Groups) != 1 || form.Groups[0].Title != "More" {
		t.Errorf("an unknown field stands in %+v", form.Groups)
	}
}

func TestLabels(t *testing.T) {
	for title, want := range map[string]string{"Num Outputs": "Number of outputs", "aspect_ratio": "Aspect ratio", "Extra Lora Scale": "Extra LoRA scale", "Lora Scale": "LoRA scale"} {
		if got := (Field{Field: schema.Field{Title: title}}).Label(); got != want {
			t.Errorf("%q reads %q, want %q", title, got, want)
		}
	}
}

func TestErrorsStandAtTheirFields(t *testing.T) {
	form := NewForm(schema.Fields(), Values{"seed": "x"}, map[string]string{"seed": "Invalid type.", "": "All of it is wrong."})
	page := html(t, InputForm(form))
	for _, want := range []string{`id="error-seed" data-error>Invalid type.</p>`, `All of it is wrong.`, `value="x"`, `aria-invalid`} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	for _, g := range form.Groups {
		for _, f := range g.Fields {
			if f.Name == "seed" && !g.Open {
				t.Error("the group with the error is closed")
			}
		}
	}
}

// What callers write is text on every page, never markup; and no page carries
// script or style of its own.
func TestPagesAreClean(t *testing.T) {
	evil := `</script><script>alert(1)</script><img src=x onerror=alert(1)>`
	run := Run{ID: "x", Status: prediction.Failed, Prompt: evil, Error: evil, Logs: evil, Notes: []string{evil}, Files: []File{{URL: "/files/t/" + evil, Name: evil}}}
	model := Model{Owner: "easel", Name: "emoji", Description: evil, Examples: []string{evil}}
	for name, page := range map[string]templ.Component{
		"playground": PlaygroundPage(Playground{Page: Page{Title: evil}, Model: model, Run: run, Form: NewForm(schema.Fields(), Values{"prompt": evil, "image": "javascript:alert(1)"}, map[string]string{"": evil})}),
		"result":     ResultPage(Result{Page: Page{Title: evil}, Run: run, Inputs: []Fact{{Name: "prompt", Value: evil}, {Name: "image", Value: "javascript:alert(1)//files/", Picture: true}}}),
		"history":    HistoryPage(History{Filters: Filters{Search: evil}, Cards: []Card{{Run: run}}, Older: "/history?cursor=x", Binned: []string{evil}}),
		"sharing":    SharingPage(Sharing{Card: Card{Run: run}, Links: []Link{{URL: "javascript:alert(1)", Open: true}}}),
		"shared": SharedPage(Shared{Page: Page{Title: evil, Teaser: Teaser{Title: evil, URL: evil}}, Prompt: evil, Files: run.Files,
			Inputs: []Fact{{Name: "image", Value: "javascript:alert(1)//s/", Picture: true}}, Code: SharedCode("http://x", "a/b", "/v1/x", Values{"prompt": evil})}),
		"replayed":   ReplayedPage(Replayed{Run: run, First: run.Files, Again: run.Files, Differences: []string{evil}}),
		"failure":    FailurePage(Failure{Heading: evil, Detail: evil}),
		"styleguide": StyleguidePage(NewStyleguide(Page{})),
	} {
		got := html(t, page)
		for _, bad := range []string{"<script>alert", "<img src=x", " style=", "<style", " onclick=", `href="javascript:`, `src="javascript:`} {
			if strings.Contains(got, bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
	}
}

// The committed code is what the templates generate.
func TestFresh(t *testing.T) {
	dir := t.TempDir()
	templates, err := filepath.Glob("*.templ")
	if err != nil || len(templates) == 0 {
		t.Fatal("no templates", err)
	}
	for _, name := range templates {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if said, err := exec.Command("go", "tool", "templ", "generate", "-path", dir).CombinedOutput(); err != nil {
		t.Fatalf("templ generate: %v\n%s", err, said)
	}
	generated, _ := fs.Glob(os.DirFS(dir), "*_templ.go")
	committed, _ := filepath.Glob("*_templ.go")
	if len(generated) != len(committed) {
		t.Errorf("%d templates, %d generated files", len(generated), len(committed))
	}
	for _, name := range generated {
		fresh, _ := os.ReadFile(filepath.Join(dir, name))
		if old, _ := os.ReadFile(name); !bytes.Equal(fresh, old) {
			t.Errorf("views/%s is stale: run make generate", name)
		}
	}
}
