package t5

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

var folder = filepath.Join(golden.Testdata, "models", "dev", "text_encoder_2")

func TestBadCheckpoint(t *testing.T) {
	start(t)
	const block = "encoder.block.1.layer."
	dir := golden.Rewrite(t, folder, "model", golden.Damage(
		block+"1.DenseReluDense.wo.weight", "encoder.final_layer_norm.weight", block+"0.SelfAttention.q.weight"))
	_, err := Load(dir, true, ort.Options{Threads: 1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"model.safetensors", `wo.weight" is missing`, `encoder.final_layer_norm.weight" is [7], the config makes it [24]`, `q.weight" is I8`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

// TestVariants loads the older layout: the table under another name, no gate.
func TestVariants(t *testing.T) {
	start(t)
	ids := []int64{5, 9, 1, 0}
	encode := func(dir string) []float32 {
		t.Helper()
		m, err := Load(dir, false, ort.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		states, err := m.Encode(t.Context(), ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	renamed := golden.Rewrite(t, folder, "model", func(tensors map[string]safetensors.Data) {
		x := tensors["shared.weight"]
		delete(tensors, "shared.weight")
		x.Name = "encoder.embed_tokens.weight"
		tensors[x.Name] = x
	})
	golden.Compare(t, "embed_tokens", encode(renamed), encode(folder), 0)

	plain := golden.Rewrite(t, folder, "model", func(tensors map[string]safetensors.Data) {
		for name, x := range tensors {
			if stem, ok := strings.CutSuffix(name, "wi_0.weight"); ok {
				delete(tensors, name)
				delete(tensors, stem+"wi_1.weight")
				x.Name = stem + "wi.weight"
				tensors[x.Name] = x
			}
		}
	})
	config := filepath.Join(plain, "config.json")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.NewReplacer(`"dense_act_fn": "gelu_new",`, "", `"is_gated_act": true,`, "", "gated-gelu", "relu").Replace(string(text))
	if err := os.WriteFile(config, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	encode(plain)
}

func TestBadConfig(t *testing.T) {
	golden.BadConfigs(t, ReadConfig, map[string]string{
		`[]`:                                    "config.json",
		`{"architectures":["BartModel"]}`:       `"BartModel"`,
		`{"d_model":0,"d_kv":-3}`:               "d_kv is -3",
		`{"relative_attention_num_buckets":2}`:  "relative_attention_num_buckets is 2",
		`{"relative_attention_max_distance":8}`: "relative_attention_max_distance is 8",
		`{"num_layers":1000000}`:                "num_layers is 1000000",
		`{"layer_norm_epsilon":0}`:              "layer_norm_epsilon is 0",
	})
}

func TestBadTokens(t *testing.T) {
	start(t)
	m, err := Load(folder, false, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for want, ids := range map[string][]int64{"0 tokens": nil, "5000 tokens": make([]int64, 5000), "token -1": {-1}, "vocabulary of": {1 << 40}} {
		if _, err := m.Encode(t.Context(), ids, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d tokens: error %v lacks %q", len(ids), err, want)
		}
	}
}
