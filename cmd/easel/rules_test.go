package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	CgoFiles   []string
}

func list(t *testing.T, args ...string) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,CgoFiles"}, args...)...)
	cmd.Dir = "../.."
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, said.String())
	}
	packages := map[string]listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// reach lists every package of ours that root depends on, itself left out.
func reach(all map[string]listed, root string) []string {
	seen := map[string]bool{}
	var walk func(string)
	walk = func(path string) {
		for _, next := range all[path].Imports {
			if strings.HasPrefix(next, "easel/") && !seen[next] {
				seen[next] = true
				walk(next)
			}
		}
	}
	walk(root)
	reached := make([]string, 0, len(seen))
	for path := range seen {
		reached = append(reached, strings.TrimPrefix(path, "easel/"))
	}
	slices.Sort(reached)
	return reached
}

// Data flows one way: schema → prediction → engine → picture. Each row says
// which of our packages those below a path may reach.
var may = []struct {
	path    string
	allowed []string // prefixes; nil: nothing of ours
}{
	{"internal/schema", nil},
	{"internal/prediction", []string{"internal/schema"}},
	{"internal/engine", []string{"internal/engine"}},
	{"internal/picture", nil},
	{"internal/fetch", nil},
	{"internal/webhook", []string{"internal/prediction", "internal/schema"}},
	{"internal/share", []string{"internal/prediction", "internal/schema"}},
	{"internal/journal", []string{"internal/prediction", "internal/share", "internal/schema"}},
	{"internal/api", []string{"internal/prediction", "internal/schema", "internal/webhook"}},
	{"internal/render", []string{"internal/schema", "internal/engine", "internal/picture", "internal/fetch", "internal/loras"}},
	{"views", []string{"internal/schema", "internal/prediction", "static"}},
	{"internal/site", []string{"internal/schema", "internal/prediction", "internal/share", "internal/picture", "views", "static"}},
	{"static", nil},
	{"models", nil},
}

func TestDependencyRules(t *testing.T) {
	all := list(t, "-deps", "./...")
	for _, rule := range may {
		for path := range all {
			own := strings.TrimPrefix(path, "easel/")
			if own != rule.path && !strings.HasPrefix(own, rule.path+"/") || strings.HasSuffix(own, "test") {
				continue // helpers of tests may build whole worlds
			}
			for _, dep := range reach(all, path) {
				allowed := dep == rule.path || strings.HasPrefix(dep, rule.path+"/") || slices.ContainsFunc(rule.allowed, func(p string) bool {
					return dep == p || strings.HasPrefix(dep, p+"/")
				})
				if !allowed {
					t.Errorf("%s must not depend on %s", own, dep)
				}
			}
		}
	}
	for path, p := range all {
		if !strings.HasPrefix(path, "easel/") {
			continue
		}
		for _, next := range p.Imports {
			if strings.HasPrefix(next, "easel/cmd") {
				t.Errorf("%s imports %s: nothing imports a command", path, next)
			}
			if cgo := all[next]; !cgo.Standard && len(cgo.CgoFiles) > 0 && path != "easel/internal/engine/ort" {
				t.Errorf("%s imports %s, which uses cgo: only internal/engine/ort may", path, next)
			}
		}
	}
}
