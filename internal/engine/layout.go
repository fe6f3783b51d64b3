package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Components of a diffusers FLUX directory, by folder name.
const (
	partScheduler   = "scheduler"
	partCLIP        = "text_encoder"
	partT5          = "text_encoder_2"
	partCLIPTokens  = "tokenizer"
	partT5Tokens    = "tokenizer_2"
	partTransformer = "transformer"
	partVAE         = "vae"
	partTiny        = "taef1" // an AutoencoderTiny for previews; a folder that most lack
)

// partAdapter is a file, by diffusers' name for it: a LoRA that makes the
// variant's transformer out of the one that it takes from base.
const partAdapter = "pytorch_lora_weights.safetensors"

// classes are the component classes that Easel has the code for.
var classes = map[string][]string{
	partScheduler:   {"FlowMatchEulerDiscreteScheduler"},
	partCLIP:        {"CLIPTextModel"},
	partT5:          {"T5EncoderModel"},
	partCLIPTokens:  {"CLIPTokenizer", "CLIPTokenizerFast"},
	partT5Tokens:    {"T5TokenizerFast", "T5Tokenizer"},
	partTransformer: {"FluxTransformer2DModel"},
	partVAE:         {"AutoencoderKL"},
}

// components are what every variant has.
var components = []string{partScheduler, partCLIP, partT5, partCLIPTokens, partT5Tokens, partTransformer, partVAE}

// layout says in which folder each component of a variant lies.
type layout map[string]string

// readLayout reads the diffusers directory dir. What dir lacks is taken from
// base, unless that is nil: a schnell may hold only what differs from dev. Beside
// an error about some components come the others, for what else is wrong.
func readLayout(dir string, base layout) (layout, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	index, err := readIndex(dir)
	if errors.Is(err, os.ErrNotExist) && base != nil {
		index, err = nil, nil // no index of its own: base's was checked
	}
	if err != nil {
		return nil, err
	}
	var errs []error
	l := layout{}
	for _, part := range components {
		folder := filepath.Join(dir, part)
		switch class, listed := index[part]; {
		case listed && !slices.Contains(classes[part], class):
			errs = append(errs, fmt.Errorf("%s: %s is %q; Easel runs %s", filepath.Join(dir, indexFile), part, class, strings.Join(classes[part], " or ")))
		case isFolder(folder):
			l[part] = folder
		case base[part] != "":
			l[part] = base[part]
		default:
			errs = append(errs, fmt.Errorf("%s: the folder is missing", folder))
		}
	}
	if folder := filepath.Join(dir, partTiny); isFolder(folder) {
		l[partTiny] = folder
	} else if base[partTiny] != "" {
		l[partTiny] = base[partTiny]
	}
	if file := filepath.Join(dir, partAdapter); base != nil && isFile(file) {
		if l[partTransformer] != base[partTransformer] {
			errs = append(errs, fmt.Errorf("%s: it changes the base's transformer, but there is a folder %s, too", file, partTransformer))
		}
		l[partAdapter] = file
	}
	return l, errors.Join(errs...)
}

const indexFile = "model_index.json"

// readIndex returns the class of each component that dir's model_index.json lists.
func readIndex(dir string) (map[string]string, error) {
	path := filepath.Join(dir, indexFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	index := map[string]string{}
	for part := range classes {
		var pair []string // library and class
		if raw[part] == nil {
			continue
		}
		if err := json.Unmarshal(raw[part], &pair); err != nil || len(pair) != 2 {
			return nil, fmt.Errorf("%s: %s must be a library and a class", path, part)
		}
		index[part] = pair[1]
	}
	if len(index) == 0 {
		return nil, fmt.Errorf("%s lists no component of a FLUX model", path)
	}
	return index, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
