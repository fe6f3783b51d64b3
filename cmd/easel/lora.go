package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"easel/internal/fetch"
	"easel/internal/loras"
)

// loraFlags say where extra LoRA files come from.
type loraFlags struct {
	Loras        string `help:"Folder of LoRA files that callers name by file name." type:"existingdir" placeholder:"DIR"`
	HfEndpoint   string `help:"Mirror of huggingface.co." placeholder:"URL"`
	HfToken      string `help:"Token for it." placeholder:"TOKEN"`
	CivitaiURL   string `name:"civitai-url" help:"Mirror of civitai.com." placeholder:"URL"`
	CivitaiToken string `help:"Token for it." placeholder:"TOKEN"`
	ReplicateURL string `name:"replicate-url" help:"Mirror of replicate.com." placeholder:"URL"`
}

// openStore readies the cache under the data directory; own is the folder of
// the model's own files. What callers name is fetched under guard; mirrors are
// the operator's word, and may be private.
func (f loraFlags) openStore(data, own string, client *fetch.Client) (*loras.Store, error) {
	return loras.Open(loras.Options{
		Dir: filepath.Join(data, "loras"), Folder: f.Loras, Own: own,
		Hugging: f.HfEndpoint, HuggingToken: f.HfToken, Civitai: f.CivitaiURL, CivitaiToken: f.CivitaiToken, Replicate: f.ReplicateURL,
		Client: client, Operator: fetch.New(true),
	})
}

// localAdapters is a store for the person at the command line, who may name
// any file on this machine.
type localAdapters struct {
	*loras.Store
	sum string // SHA-256 of the one file that is wanted, whatever its address was; "": any
}

func (l localAdapters) Get(ctx context.Context, address string, progress loras.Progress) (loras.File, error) {
	if l.sum != "" {
		return l.again(ctx, address, progress)
	}
	if isFile(address) || isPath(address) {
		return l.At(address)
	}
	return l.Store.Get(ctx, address, progress)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isPath tells a path from what a store would take for an address.
func isPath(s string) bool {
	folder, _, nested := strings.Cut(s, "/")
	return filepath.IsAbs(s) || strings.HasPrefix(s, ".") ||
		nested && strings.HasSuffix(s, ".safetensors") && !strings.ContainsAny(folder, ".:") // no host
}

// again looks for the file of an earlier picture. Its address may lack what it
// takes to be fetched once more: a recipe keeps no folders and no URL queries.
func (l localAdapters) again(ctx context.Context, address string, progress loras.Progress) (loras.File, error) {
	if file, ok := l.Cached(l.sum); ok {
		return file, nil
	}
	file, err := l.Store.Get(ctx, address, progress)
	if err != nil {
		return file, fmt.Errorf("%w; give the file the picture was drawn with: -i extra_lora=FILE (sha256:%s)", err, l.sum)
	}
	return file, nil
}

type loraCommand struct {
	File    string `arg:"" type:"existingfile" help:"LoRA file (.safetensors)."`
	Variant string `help:"Variant it shall be applied to: ${enum}." enum:"dev,schnell" default:"dev"`
	JSON    bool   `name:"json" help:"Print the report card as JSON."`
	engineFlags
}

// Run prints what the file is and what of it the model takes.
func (c *loraCommand) Run(ctx context.Context) error {
	dirs, err := c.models()
	if err != nil {
		return err
	}
	eng, err := c.open(ctx, dirs, newLog())
	if err != nil {
		return err
	}
	defer eng.Close()
	report, wrong := eng.Inspect(c.File, c.Variant)
	if report.File != "" && c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else if report.File != "" {
		fmt.Println(report)
	}
	if wrong != nil {
		return fmt.Errorf("%s: %w", c.File, wrong)
	}
	return nil
}
