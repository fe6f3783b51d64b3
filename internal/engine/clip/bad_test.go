package clip

import (
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

var folder = filepath.Join(golden.Testdata, "models", "dev", "text_encoder")

func TestBadCheckpoint(t *testing.T) {
	start(t)
	const layer = "text_model.encoder.layers.1."
	dir := golden.Rewrite(t, folder, "model", golden.Damage(
		layer+"mlp.fc1.bias", layer+"layer_norm1.weight", "text_model.embeddings.token_embedding.weight"))
	_, err := Load(dir, true, ort.Options{Threads: 1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"model.safetensors", layer + `mlp.fc1.bias" is missing`, layer + `layer_norm1.weight" is [7], the config makes it [16]`,
		`text_model.embeddings.token_embedding.weight" is I8`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestBadConfig(t *testing.T) {
	golden.BadConfigs(t, ReadConfig, map[string]string{
		`{`:                               "config.json",
		`{"architectures":["BertModel"]}`: `"BertModel"`,
		`{"hidden_size":-1}`:              "hidden_size is -1",
		`{"hidden_size":10,"num_attention_heads":3}`:    "not a multiple",
		`{"vocab_size":4611686018427387904}`:            "vocab_size",
		`{"num_hidden_layers":0,"intermediate_size":0}`: "intermediate_size is 0",
		`{"num_hidden_layers":1000000}`:                 "num_hidden_layers is 1000000",
		`{"max_position_embeddings":100000}`:            "max_position_embeddings is 100000",
		`{"layer_norm_eps":-1}`:                         "layer_norm_eps is -1",
	})
	if _, err := Load(t.TempDir(), false, ort.Options{}); err == nil {
		t.Error("empty folder: no error")
	}
}

func TestBadTokens(t *testing.T) {
	start(t)
	m, err := Load(folder, false, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for want, ids := range map[string][]int64{
		"0 tokens":      nil,
		"78 tokens":     make([]int64, 78),
		"token -1":      {-1},
		"vocabulary of": {int64(m.Config.Vocabulary)},
	} {
		if _, err := m.Encode(t.Context(), ids, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v lacks %q", ids, err, want)
		}
	}
	adapters := map[string][2]*ort.Tensor{"text_model.nowhere": {}}
	if _, err := m.Encode(t.Context(), []int64{1}, adapters); err == nil || !strings.Contains(err.Error(), "text_model.nowhere.lora_A") {
		t.Errorf("unknown module: %v", err)
	}
}
