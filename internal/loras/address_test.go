package loras

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for address, want := range map[string]place{
		"emoji":                                      {kind: local, file: "emoji"},
		"emoji.safetensors":                          {kind: local, file: "emoji"},
		"fofr/flux-pixar-cars":                       {kind: replicate, owner: "fofr", name: "flux-pixar-cars"},
		"fofr/flux-pixar-cars/0915649":               {kind: replicate, owner: "fofr", name: "flux-pixar-cars", version: "0915649"},
		"fofr/flux-pixar-cars:0915649":               {kind: replicate, owner: "fofr", name: "flux-pixar-cars", version: "0915649"},
		"https://replicate.com/fofr/flux-pixar-cars": {kind: replicate, owner: "fofr", name: "flux-pixar-cars"},
		"replicate.com/fofr/flux-pixar-cars/versions/0915649?x=1":                     {kind: replicate, owner: "fofr", name: "flux-pixar-cars", version: "0915649"},
		"huggingface.co/alvdansen/frosting":                                           {kind: hugging, owner: "alvdansen", name: "frosting", version: "main"},
		" https://huggingface.co/a/b/ ":                                               {kind: hugging, owner: "a", name: "b", version: "main"},
		"HF.co/a/b/x.safetensors":                                                     {kind: hugging, owner: "a", name: "b", version: "main", file: "x.safetensors"},
		"https://www.huggingface.co/a/b/resolve/v1.0/sub/x.safetensors?download=true": {kind: hugging, owner: "a", name: "b", version: "v1.0", file: "sub/x.safetensors"},
		"https://huggingface.co/a/b/blob/main/x%20y.safetensors":                      {kind: hugging, owner: "a", name: "b", version: "main", file: "x y.safetensors"},
		"https://huggingface.co/a/b/tree/dev":                                         {kind: hugging, owner: "a", name: "b", version: "dev"},
		"civitai.com/models/6424":                                                     {kind: civitai, id: "6424"},
		"https://civitai.com/models/6424/a-name?modelVersionId=77":                    {kind: civitai, id: "6424", version: "77"},
		"http://civitai.com/api/download/models/77?type=Model":                        {kind: civitai, version: "77"},
		"https://cdn.example/x.safetensors?sig=a%2Fb&e=1":                             {kind: direct, url: "https://cdn.example/x.safetensors?sig=a%2Fb&e=1"},
		"http://cdn.example/t/trained_model.tar":                                      {kind: direct, url: "http://cdn.example/t/trained_model.tar"},
		"cdn.example/x.safetensors?sig=1":                                             {kind: direct, url: "https://cdn.example/x.safetensors?sig=1"},
	} {
		got, err := parse(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{})); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
	for _, address := range []string{
		"", " ", "/etc/x.safetensors", "../x.safetensors", "a/../b", "..", ".", "a/b/c/d", "a//b", "file:///x.safetensors", "ftp://h/x.safetensors",
		"https://cdn.example/x.ckpt", "https://cdn.example/", "https:///x.safetensors", "huggingface.co/a", "huggingface.co/a/b/x.bin", "huggingface.co/a/../x.safetensors",
		"https://huggingface.co/a/b/resolve/../x.safetensors", "huggingface.co/a/b/../../x.safetensors", "civitai.com/models/abc", "civitai.com/models/1?modelVersionId=x", "civitai.com/user/x",
		"C:\\x.safetensors", "~/x", "data:application/x-tar;base64,AA", "a b", "a/b?x=1", "a/b:", "a:b", "a/b:../c", "a/b:c:d", "https://replicate.com/", "https://replicate.com/a", "https://replicate.com/a/b/c/d", "https://replicate.com/a/%2e%2e", "-x/y", "javascript:x.safetensors", "https://cdn.example/?x=.safetensors",
	} {
		if got, err := parse(address); err == nil {
			t.Errorf("%q was read as %+v", address, got)
		}
	}
}
