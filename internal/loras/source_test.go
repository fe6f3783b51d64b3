package loras

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"easel/internal/fetch"
)

func TestReplicateWeightsAreATar(t *testing.T) {
	var seen []string
	files := map[string][]byte{
		"/good":  tarOf(t, []string{"output/", "output/link.safetensors", "output/config.yaml", "../../output/flux_train_replicate/lora.safetensors"}, [][]byte{{}, nil, []byte("x"), weights(1)}),
		"/two":   tarOf(t, []string{"a.safetensors", "b.safetensors"}, [][]byte{weights(1), weights(2)}),
		"/none":  tarOf(t, []string{"lora.bin"}, [][]byte{weights(1)}),
		"/cut":   tarOf(t, []string{"a.safetensors"}, [][]byte{weights(1)})[:3000],
		"/plain": weights(1),
	}
	files["/good.tar"] = files["/good"]
	delivery := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(files[r.URL.Path]) })
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path)
		name := strings.Split(r.URL.Path, "/")[2]
		if files["/"+name] == nil {
			w.WriteHeader(404)
			return
		}
		http.Redirect(w, r, delivery+"/"+name, http.StatusFound)
	})
	s := open(t, Options{Replicate: base})
	want(t, s, "owner/good", weights(1))
	want(t, s, "owner/good/abc123", weights(1))
	if got := strings.Join(seen, " "); got != "/owner/good/_weights /owner/good/versions/abc123/_weights" {
		t.Errorf("asked for %q", got)
	}
	refused(t, s, "owner/two", "2 .safetensors files; name the one you mean: a.safetensors, b.safetensors")
	refused(t, s, "owner/none", "no .safetensors file")
	refused(t, s, "owner/cut", "whole tar")
	refused(t, s, "owner/plain", "whole tar")
	refused(t, open(t, Options{Replicate: base, Most: 8000}), "owner/good", "8093 bytes; the limit is 8000")
	refused(t, s, "owner/missing", "404 Not Found (is owner/missing a public model")
	want(t, s, delivery+"/good.tar?sig=1", weights(1))
}

func TestHuggingFace(t *testing.T) {
	cdn := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the CDN")
		}
		if r.URL.Query().Get("sig") != "s" {
			w.WriteHeader(403)
			return
		}
		w.Header().Set("ETag", `"cdn"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(weights(7)))
	})
	repositories := map[string][]string{
		"a/one": {"README.md", "lora.safetensors"}, "a/two": {"x.safetensors", "y.safetensors"}, "a/none": {"model.bin"}, "a/gated": {"lora.safetensors"},
	}
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		if parts[0] == "api" {
			name := parts[2] + "/" + parts[3]
			if parts[4] != "revision" || parts[5] != "main" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			files, ok := repositories[name]
			if !ok || name == "a/gated" && r.Header.Get("Authorization") != "Bearer hf" {
				w.WriteHeader(401)
				fmt.Fprint(w, `{"error":"Invalid username or password."}`)
				return
			}
			var siblings []map[string]string
			for _, f := range files {
				siblings = append(siblings, map[string]string{"rfilename": f})
			}
			json.NewEncoder(w).Encode(map[string]any{"siblings": siblings})
			return
		}
		if !strings.Contains(r.URL.Path, "/resolve/main/") {
			w.WriteHeader(404)
			return
		}
		http.Redirect(w, r, cdn+"/blob?sig=s", http.StatusFound)
	})
	s := open(t, Options{Hugging: base})
	want(t, s, "huggingface.co/a/one", weights(7))
	want(t, s, "https://huggingface.co/a/two/y.safetensors", weights(7))
	refused(t, s, "huggingface.co/a/two", "2 .safetensors files; name the one you mean: x.safetensors, y.safetensors")
	refused(t, s, "huggingface.co/a/none", "no .safetensors file")
	refused(t, s, "huggingface.co/a/gated", "EASEL_HF_TOKEN")
	refused(t, s, "huggingface.co/a/unknown", "401")
	want(t, open(t, Options{Hugging: base, HuggingToken: "hf"}), "huggingface.co/a/gated", weights(7))
}

func TestCivitai(t *testing.T) {
	data := weights(8)
	cdn := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" { // as object stores do with two ways to sign
			w.WriteHeader(400)
			return
		}
		w.Write(data)
	})
	var base string
	base = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "token") {
			t.Error("the token is in the URL")
		}
		file := func(name, kind, hash string) map[string]any {
			return map[string]any{"name": name, "type": kind, "downloadUrl": base + "/api/download/models/12?name=" + name, "hashes": map[string]string{"SHA256": strings.ToUpper(hash)}}
		}
		version := func(files ...map[string]any) map[string]any { return map[string]any{"id": 12, "files": files} }
		good := version(file("x.safetensors", "Model", sumOf(data)), file("training.zip", "Training Data", ""))
		answer := map[string]any{
			"/api/v1/models/1":          map[string]any{"modelVersions": []any{good, version()}},
			"/api/v1/models/2":          map[string]any{"modelVersions": []any{version(file("x.safetensors", "Model", sumOf(weights(9))))}},
			"/api/v1/models/3":          map[string]any{"modelVersions": []any{}},
			"/api/v1/models/4":          map[string]any{"modelVersions": []any{version(file("x.pt", "Model", ""))}},
			"/api/v1/models/5":          map[string]any{"modelVersions": []any{version(file("x.safetensors", "Model", ""), file("y.safetensors", "Model", ""))}},
			"/api/v1/models/6":          map[string]any{"modelVersions": []any{version(map[string]any{"name": "x.safetensors", "downloadUrl": cdn + "/x"})}},
			"/api/v1/model-versions/12": good,
		}[r.URL.Path]
		switch {
		case answer != nil:
			json.NewEncoder(w).Encode(answer)
		case r.URL.Path == "/api/download/models/12" && r.Header.Get("Authorization") == "Bearer secret":
			http.Redirect(w, r, cdn+"/signed", http.StatusTemporaryRedirect)
		case r.URL.Path == "/api/download/models/12":
			w.WriteHeader(401)
		case r.URL.Path == "/api/v1/models/7":
			fmt.Fprint(w, "<html>")
		default:
			w.WriteHeader(404)
		}
	})
	s := open(t, Options{Civitai: base, CivitaiToken: "secret"})
	want(t, s, "civitai.com/models/1/some-name", data)
	want(t, s, "https://civitai.com/models/99?modelVersionId=12", data)
	want(t, s, "https://civitai.com/api/download/models/12", data)
	want(t, s, "civitai.com/models/6", data)
	refused(t, s, "civitai.com/models/2", "another SHA-256")
	refused(t, s, "civitai.com/models/3", "no version")
	refused(t, s, "civitai.com/models/4", "no .safetensors")
	refused(t, s, "civitai.com/models/5", "x.safetensors, y.safetensors")
	refused(t, s, "civitai.com/models/7", "not the JSON")
	refused(t, s, "civitai.com/models/8", "404")
	refused(t, open(t, Options{Civitai: base}), "civitai.com/models/1", "EASEL_CIVITAI_TOKEN")
}

// TestCallersDoNotReachInside: with a guarded client an operator's mirror may
// be private, an address that a caller gives may not.
func TestCallersDoNotReachInside(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(tarOf(t, []string{"a.safetensors"}, [][]byte{weights(1)}))
	})
	s, err := Open(Options{Dir: t.TempDir(), Replicate: base, Client: fetch.New(false), Operator: fetch.New(true)})
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, "owner/name", weights(1))
	refused(t, s, base+"/x.tar", "private")
}
