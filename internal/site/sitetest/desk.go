package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// desk counts words for tokens, of which a prompt may have twelve, and keeps
// LoRA files by name. One that starts with "bad" cannot be read; of one named
// "part…" two keys are not matched.
type desk struct {
	mu    sync.Mutex
	names []string
}

const mostWords = 12

func (*desk) Tokens(_, prompt string) (count, limit, kept int, err error) {
	words := strings.Fields(prompt)
	kept = len(prompt)
	if len(words) > mostWords {
		kept = 0
		for _, w := range words[:mostWords] {
			kept += strings.Index(prompt[kept:], w) + len(w)
		}
	}
	return len(words), mostWords, kept, nil
}

func (d *desk) LoRAs() ([]string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.names...), true
}

func (d *desk) Card(name string) (any, error) {
	word := name
	if name == "" {
		name, word = "lora", "EMOJI"
	}
	matched, unmatched := 304, []string{}
	if strings.HasPrefix(name, "part") {
		matched, unmatched = 302, []string{"lora_te2_a", "lora_te2_b"}
	}
	return map[string]any{
		"file": name + ".safetensors", "format": "kohya", "base": "FLUX.1", "keys": 304, "matched": matched, "unmatched": unmatched, "layers": 152,
		"min_rank": 16, "max_rank": 16, "blocks": []string{"double 0–18", "single 0–37"}, "trigger_words": []string{word},
	}, nil
}

func (d *desk) Add(name string, content io.Reader) error {
	head := make([]byte, 3)
	io.ReadFull(content, head) // a short one is bad, too
	if string(head) == "bad" {
		return errors.New("the file is no safetensors file: its header ends early")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, had := range d.names {
		if had == name {
			return fmt.Errorf("the LoRA folder has a %s.safetensors already", name)
		}
	}
	d.names = append(d.names, name)
	return nil
}
