package flux

import (
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

func TestBadConfig(t *testing.T) {
	const class = `{"_class_name":"FluxTransformer2DModel",`
	golden.BadConfigs(t, ReadConfig, map[string]string{
		`{}`:                                           `_class_name is ""`,
		class + `"num_attention_heads":0}`:             "num_attention_heads is 0",
		class + `"num_attention_heads":"a"}`:           "num_attention_heads",
		class + `"in_channels":66}`:                    "in_channels is 66",
		class + `"patch_size":2}`:                      "patch_size is 2",
		class + `"num_layers":1001}`:                   "num_layers 1001",
		class + `"axes_dims_rope":[64,64]}`:            "must be three numbers",
		class + `"axes_dims_rope":[15,57,56]}`:         "must be even",
		class + `"axes_dims_rope":[-16,72,72]}`:        "must be even and between 0 and",
		class + `"pooled_projection_dim":1000000000}`:  "pooled_projection_dim is 1000000000",
		class + `"joint_attention_dim":9999999999999}`: "joint_attention_dim",
		// The sum overflows to attention_head_dim.
		class + `"axes_dims_rope":[9223372036854775806,9223372036854775806,132]}`: "between 0 and",
	})
}

// TestAnotherNetwork gives a config of many more layers than the checkpoint has.
func TestAnotherNetwork(t *testing.T) {
	folder := filepath.Join(golden.Testdata, "models", "dev", "transformer")
	config, file, err := open(folder)
	if err != nil {
		t.Fatal(err)
	}
	config.Double = 500
	_, _, err = Build(config, file, Form{Adapted: true})
	if err == nil || strings.Count(err.Error(), "\n") != 50 || !strings.Contains(err.Error(), "more tensors are missing or wrong") {
		t.Errorf("error %v", err)
	}
	if _, err := Load(t.TempDir(), true, ort.Options{}); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("empty folder: %v", err)
	}
}
