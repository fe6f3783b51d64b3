package safetensors

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// openIndex reads a sharded checkpoint: its weight_map gives each tensor's file,
// which must lie beside the index.
func openIndex(path string) (*Checkpoint, error) {
	raw, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("%s: weight_map is missing or empty", path)
	}

	var errs []error
	shards := map[string]*Checkpoint{} // nil: already reported
	for _, file := range slices.Sorted(maps.Values(index.WeightMap)) {
		if _, done := shards[file]; done {
			continue
		}
		shards[file] = nil
		// A plain name only: a checkpoint has no say over the rest of the disk.
		if file == "" || file != filepath.Base(file) || !filepath.IsLocal(file) {
			errs = append(errs, fmt.Errorf("%s: shard %q is not a plain file name", path, file))
			continue
		}
		shard, err := openFile(filepath.Join(filepath.Dir(path), file))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		shards[file] = shard
	}

	c := &Checkpoint{Path: path, tensors: make(map[string]Tensor, len(index.WeightMap))}
	for _, name := range slices.Sorted(maps.Keys(index.WeightMap)) {
		shard := shards[index.WeightMap[name]]
		if shard == nil {
			continue
		}
		t, ok := shard.Tensor(name)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: tensor %q is missing, though %s places it there", shard.Path, name, filepath.Base(path)))
			continue
		}
		c.tensors[name] = t
	}
	if err := join(errs); err != nil {
		return nil, err
	}
	return c, nil
}

// readIndex reads the index under the same size limit as a header.
func readIndex(path string) ([]byte, error) {
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(real)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxHeader+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(raw) > maxHeader {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxHeader)
	}
	return raw, nil
}
