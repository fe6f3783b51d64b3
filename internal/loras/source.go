package loras

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"easel/internal/fetch"
)

// origin is a file at its source, ready to be downloaded.
type origin struct {
	url    string
	header http.Header
	client *fetch.Client
	tar    bool
	sha256 string // of the content, if the source says
	hint   string // for a refusal: what may be missing
}

// resolve finds a place's file, asking its host's API where it must.
func (s *Store) resolve(ctx context.Context, p place) (origin, error) {
	o := s.options
	switch p.kind {
	case replicate:
		u := o.Replicate + "/" + p.owner + "/" + p.name
		if p.version != "" {
			u += "/versions/" + p.version
		}
		return origin{url: u + "/_weights", client: s.client(o.Replicate, DefaultReplicate), tar: true,
			hint: "is " + p.owner + "/" + p.name + " a public model with LoRA weights?"}, nil
	case hugging:
		return s.onHugging(ctx, p)
	case civitai:
		return s.onCivitai(ctx, p)
	}
	path, _, _ := strings.Cut(p.url, "?")
	return origin{url: p.url, client: o.Client, tar: strings.HasSuffix(strings.ToLower(path), ".tar")}, nil
}

// client is the guarded one for a public host, the operator's for a mirror.
func (s *Store) client(base, usual string) *fetch.Client {
	if base == usual {
		return s.options.Client
	}
	return s.options.Operator
}

// onHugging picks the one .safetensors file of a repository.
func (s *Store) onHugging(ctx context.Context, p place) (origin, error) {
	o := origin{client: s.client(s.options.Hugging, DefaultHugging), header: bearer(s.options.HuggingToken),
		hint: "a private or gated repository needs EASEL_HF_TOKEN"}
	repository := p.owner + "/" + p.name
	if p.file == "" {
		var answer struct {
			Siblings []struct {
				Name string `json:"rfilename"`
			} `json:"siblings"`
		}
		if err := s.ask(ctx, o, s.options.Hugging+"/api/models/"+repository+"/revision/"+url.PathEscape(p.version), &answer); err != nil {
			return origin{}, err
		}
		var files []string
		for _, f := range answer.Siblings {
			if strings.HasSuffix(f.Name, ".safetensors") {
				files = append(files, f.Name)
			}
		}
		slices.Sort(files)
		if len(files) != 1 {
			return origin{}, count(files, "huggingface.co/"+repository)
		}
		p.file = files[0]
	}
	segments := strings.Split(p.file, "/")
	for i, part := range segments {
		segments[i] = url.PathEscape(part)
	}
	o.url = s.options.Hugging + "/" + repository + "/resolve/" + url.PathEscape(p.version) + "/" + strings.Join(segments, "/")
	return o, nil
}

// civitaiVersion is the part of CivitAI's model version that matters here.
type civitaiVersion struct {
	ID    int64 `json:"id"`
	Files []struct {
		Name   string            `json:"name"`
		Type   string            `json:"type"`
		URL    string            `json:"downloadUrl"`
		Hashes map[string]string `json:"hashes"`
	} `json:"files"`
}

// onCivitai finds a model's newest version, or the one asked for, and its file.
func (s *Store) onCivitai(ctx context.Context, p place) (origin, error) {
	o := origin{client: s.client(s.options.Civitai, DefaultCivitai), header: bearer(s.options.CivitaiToken), hint: "the model may need EASEL_CIVITAI_TOKEN"}
	var version civitaiVersion
	if p.version != "" {
		if err := s.ask(ctx, o, s.options.Civitai+"/api/v1/model-versions/"+p.version, &version); err != nil {
			return origin{}, err
		}
	} else {
		var model struct {
			Versions []civitaiVersion `json:"modelVersions"`
		}
		if err := s.ask(ctx, o, s.options.Civitai+"/api/v1/models/"+p.id, &model); err != nil {
			return origin{}, err
		}
		if len(model.Versions) == 0 {
			return origin{}, fmt.Errorf("civitai.com/models/%s has no version to download", p.id)
		}
		version = model.Versions[0]
	}
	var names []string
	for _, f := range version.Files {
		if strings.HasSuffix(f.Name, ".safetensors") && (f.Type == "Model" || f.Type == "") {
			names = append(names, f.Name)
			o.url, o.sha256 = f.URL, strings.ToLower(f.Hashes["SHA256"])
		}
	}
	if len(names) != 1 {
		return origin{}, count(names, fmt.Sprintf("civitai.com's version %d", version.ID))
	}
	// The token goes nowhere but to CivitAI, whatever its answer says.
	if !sameHost(o.url, s.options.Civitai) {
		o.header, o.client = nil, s.options.Client
	}
	return o, nil
}

func count(files []string, where string) error {
	if len(files) == 0 {
		return fmt.Errorf("%s has no .safetensors file", where)
	}
	return fmt.Errorf("%s has %d .safetensors files; name the one you mean: %s", where, len(files), list(files))
}

// ask reads a small JSON answer.
func (s *Store) ask(ctx context.Context, o origin, address string, into any) error {
	body, err := o.client.GetWith(ctx, address, o.header, fetch.Limits{Bytes: 8 << 20, Time: time.Minute})
	if err != nil {
		return o.explain(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: the answer is not the JSON expected", body.URL.Host)
	}
	return nil
}

// explain adds what may be missing to a refusal.
func (o origin) explain(err error) error {
	var status *fetch.StatusError
	if o.hint != "" && errors.As(err, &status) && (status.Code == 401 || status.Code == 403 || status.Code == 404) {
		return fmt.Errorf("%w (%s)", err, o.hint)
	}
	return err
}

func bearer(token string) http.Header {
	if token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}

func sameHost(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Host == y.Host && x.Scheme == y.Scheme
}
