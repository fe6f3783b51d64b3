package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"easel/internal/api"
	"easel/internal/schema"
	"easel/internal/share"
	"easel/internal/site"
	"easel/models"
	"easel/views"
)

// describe is the model as callers see it.
func describe(owner, name string, dirs modelDirs) (api.Model, error) {
	version, err := versionID(dirs)
	if err != nil {
		return api.Model{}, err
	}
	m := api.Model{
		Owner: owner, Name: name, Version: version, Document: schema.Document(), CreatedAt: newest(dirs.dev, dirs.schnell),
		Description: "A FLUX.1 model with LoRA, on this machine.",
	}
	if dirs.embedded {
		m.Description = "Draws emoji from words, on the processor of this machine."
		card, _ := fs.ReadFile(models.Emoji, "emoji/README.md") // without one, the page has no such chapter
		m.Readme = string(card)
	}
	return m, nil
}

// newest is when the directories' weights were last written.
func newest(dirs ...string) time.Time {
	var at time.Time
	for _, dir := range dirs {
		weights, _ := filepath.Glob(filepath.Join(dir, "*", "*.safetensors")) // the pattern is well-formed
		for _, path := range weights {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(at) {
				at = info.ModTime()
			}
		}
	}
	return at.UTC()
}

// pages are what a person sees.
func (s *server) pages() *site.Site {
	m := views.Model{Owner: s.model.Owner, Name: s.model.Name, Version: s.model.Version, Description: s.model.Description, Facts: facts(s.studio.dirs)}
	if s.studio.dirs.embedded {
		m.Card = s.model.Readme
		m.Examples = []string{"a 3d emoji of a rocket", "flat emoji of pizza on a blue background", "a fox, an owl and a penguin in a row"}
	}
	return &site.Site{
		Model: m, Predictions: s.service, Files: s.journal.Ports().Files, Desk: &s.studio.desk,
		Shelf: s.shelf, Bin: s.bin(),
		PublicURL: s.flags.PublicURL, Dev: s.flags.Styleguide,
	}
}

// facts are what a person wants to know of a model at a glance.
func facts(dirs modelDirs) []string {
	variants := "dev and schnell"
	switch {
	case dirs.schnell == "":
		variants = "dev"
	case dirs.dev == "":
		variants = "schnell"
	}
	all := []string{"FLUX.1 architecture", variants}
	if dirs.lora != "" {
		all = append(all, "LoRA")
	}
	return all
}

// bin deletes what is thrown away in the history.
func (s *server) bin() share.Bin {
	return share.Bin{Marks: s.shelf, Predictions: s.service, Log: s.log}
}
