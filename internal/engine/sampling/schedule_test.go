package sampling

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScheduleIsDiffusers(t *testing.T) {
	var golden struct {
		Configs   map[string]json.RawMessage
		Schedules []struct {
			Config            string
			Steps, Tokens     int
			Sigmas, Timesteps []uint32
		}
	}
	readJSON(t, "../testdata/sampling/sigmas.json", &golden)
	for _, want := range golden.Schedules {
		s, err := loadFrom(t, golden.Configs[want.Config])
		if err != nil {
			t.Fatalf("%s: %v", want.Config, err)
		}
		got, err := s.Schedule(want.Steps, want.Tokens)
		if err != nil {
			t.Fatalf("%s: %v", want.Config, err)
		}
		exact := Schedule{Sigmas: floats(want.Sigmas), Timesteps: floats(want.Timesteps)}
		if diff := cmp.Diff(exact, got); diff != "" {
			t.Errorf("%s, %d steps, %d tokens (-want +got):\n%s", want.Config, want.Steps, want.Tokens, diff)
		}
	}
}

func TestSchedulerRefuses(t *testing.T) {
	tests := map[string]string{
		`{"_class_name": "EulerDiscreteScheduler"}`: "EulerDiscreteScheduler",
		`{}`:                            "_class_name",
		`[1]`:                           "cannot unmarshal",
		`{"time_shift_type": "cubic"}`:  "time_shift_type",
		`{"use_beta_sigmas": true}`:     "use_beta_sigmas",
		`{"stochastic_sampling": true}`: "stochastic_sampling",
		`{"num_train_timesteps": 0}`:    "num_train_timesteps",
		`{"shift": 0}`:                  "shift",
		`{"shift_terminal": 1}`:         "shift_terminal",
		`{"use_warp": 2}`:               `unknown setting "use_warp"`,
		`{"use_warp": [1]}`:             `unknown setting "use_warp"`,
		`{"use_karras_sigmas": true, "use_exponential_sigmas": true}`:                         "exclude",
		`{"use_dynamic_shifting": true, "base_image_seq_len": 256, "max_image_seq_len": 256}`: "max_image_seq_len",
	}
	for config, want := range tests {
		if config != `{}` && config[0] == '{' && !strings.Contains(config, "_class_name") {
			config = `{"_class_name": "FlowMatchEulerDiscreteScheduler", ` + config[1:]
		}
		if _, err := loadFrom(t, []byte(config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one naming %s", config, err, want)
		}
	}
	if _, err := LoadScheduler(t.TempDir()); err == nil {
		t.Error("no file: no error")
	}
}

func TestScheduleWithoutNumbers(t *testing.T) {
	s, err := loadFrom(t, []byte(`{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift_terminal": 0.1, "unheard_of": null}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int{{1, 64}, {0, 64}, {4, 0}, {-1, -1}} {
		if _, err := s.Schedule(c[0], c[1]); err == nil {
			t.Errorf("%d steps, %d tokens: no error", c[0], c[1])
		}
	}
}

func TestFirstStep(t *testing.T) {
	// From Python: int(max(steps - min(steps * strength, steps), 0)).
	tests := []struct {
		steps    int
		strength float64
		want     int
	}{
		{28, 1, 0}, {28, 0, 28}, {28, 0.8, 5}, {28, 0.1, 25}, {4, 0.5, 2}, {10, 0.7, 3}, {10, 0.3, 7}, {50, 0.29, 35}, {1, 0.2, 0},
	}
	for _, tt := range tests {
		if got := FirstStep(tt.steps, tt.strength); got != tt.want {
			t.Errorf("FirstStep(%d, %v) = %d, want %d", tt.steps, tt.strength, got, tt.want)
		}
	}
}

func FuzzScheduler(f *testing.F) {
	f.Add([]byte(`{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3}`))
	f.Add([]byte(`{"_class_name": "FlowMatchEulerDiscreteScheduler", "": 1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		cfg, err := parseConfig(raw)
		if err != nil {
			return
		}
		s, err := (&Scheduler{cfg}).Schedule(4, 64)
		for _, v := range s.Sigmas {
			if math.IsNaN(float64(v)) && err == nil {
				t.Error("a schedule with NaN")
			}
		}
	})
}

func loadFrom(t testing.TB, raw []byte) (*Scheduler, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "scheduler_config.json"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return LoadScheduler(dir)
}
