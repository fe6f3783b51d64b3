package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"easel/internal/engine"
	"easel/internal/engine/lora"
	"easel/internal/loras"
	"easel/internal/site"
)

// desk answers the page's questions about prompts and LoRA files, once the
// engine is there to ask.
type desk struct {
	mu     sync.Mutex
	engine *engine.Engine
	store  *loras.Store
	main   string // path of the main LoRA; "": none
	folder bool   // the operator keeps LoRA files
}

func (d *desk) open(e *engine.Engine, store *loras.Store, main string, folder bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.engine, d.store, d.main, d.folder = e, store, main, folder
}

func (d *desk) ready() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.engine == nil {
		return site.ErrNotReady
	}
	return nil
}

func (d *desk) Tokens(variant, prompt string) (count, limit, kept int, err error) {
	if err := d.ready(); err != nil {
		return 0, 0, 0, err
	}
	t, err := d.engine.Tokens(variant, prompt)
	return t.Count, t.Limit, t.Kept, err
}

func (d *desk) LoRAs() ([]string, bool) {
	if d.ready() != nil {
		return nil, false
	}
	return d.store.Names(), d.folder
}

func (d *desk) Card(name string) (any, error) {
	if err := d.ready(); err != nil {
		return nil, err
	}
	if name == "" {
		if d.main == "" {
			return nil, nil
		}
		return d.inspect(d.main)
	}
	path, err := d.store.Local(name)
	if err != nil {
		return nil, err
	}
	card, err := d.inspect(path)
	if err != nil {
		return nil, fmt.Errorf("%s.safetensors: %w", strings.TrimSuffix(name, ".safetensors"), err)
	}
	return card, nil
}

func (d *desk) Add(name string, content io.Reader) error {
	if err := d.ready(); err != nil {
		return err
	}
	return d.store.Add(name, content, func(path string) error {
		_, err := d.inspect(path)
		return err
	})
}

// inspect reads a file for the first variant that is installed.
func (d *desk) inspect(path string) (lora.Report, error) {
	return d.engine.Inspect(path, d.engine.Variants()[0])
}
