package sampling

import (
	"encoding/json"
	"errors"
	"fmt"
)

// config is scheduler_config.json, by diffusers' names.
type config struct {
	Class          string  `json:"_class_name"`
	TrainTimesteps int     `json:"num_train_timesteps"`
	Shift          float64 `json:"shift"`
	Dynamic        bool    `json:"use_dynamic_shifting"`
	BaseShift      float64 `json:"base_shift"`
	MaxShift       float64 `json:"max_shift"`
	BaseTokens     int     `json:"base_image_seq_len"`
	MaxTokens      int     `json:"max_image_seq_len"`
	Invert         bool    `json:"invert_sigmas"`
	ShiftTerminal  float64 `json:"shift_terminal"`
	ShiftType      string  `json:"time_shift_type"`
	Karras         bool    `json:"use_karras_sigmas"`
	Exponential    bool    `json:"use_exponential_sigmas"`
	Beta           bool    `json:"use_beta_sigmas"`
	Stochastic     bool    `json:"stochastic_sampling"`
}

const class = "FlowMatchEulerDiscreteScheduler"

func parseConfig(raw []byte) (config, error) {
	// What a config leaves out has diffusers' default.
	c := config{
		TrainTimesteps: 1000, Shift: 1, BaseShift: 0.5, MaxShift: 1.15,
		BaseTokens: 256, MaxTokens: 4096, ShiftType: "exponential",
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, err
	}
	switch {
	case c.Class != class:
		return c, fmt.Errorf("_class_name is %q, but only %s is known", c.Class, class)
	case c.TrainTimesteps < 1:
		return c, fmt.Errorf("num_train_timesteps is %d, must be at least 1", c.TrainTimesteps)
	case c.ShiftType != "exponential" && c.ShiftType != "linear":
		return c, fmt.Errorf("time_shift_type is %q, must be exponential or linear", c.ShiftType)
	case c.Karras && c.Exponential:
		return c, errors.New("use_karras_sigmas and use_exponential_sigmas exclude each other")
	case c.Beta:
		return c, errors.New("use_beta_sigmas is not supported")
	case c.Stochastic:
		return c, errors.New("stochastic_sampling is not supported")
	case !c.Dynamic && c.Shift <= 0:
		return c, fmt.Errorf("shift is %v, must be above 0", c.Shift)
	case c.Dynamic && c.MaxTokens <= c.BaseTokens:
		return c, fmt.Errorf("max_image_seq_len %d must be above base_image_seq_len %d", c.MaxTokens, c.BaseTokens)
	case c.ShiftTerminal < 0 || c.ShiftTerminal >= 1:
		return c, fmt.Errorf("shift_terminal is %v, must be at least 0 and below 1", c.ShiftTerminal)
	}
	return c, unknown(raw)
}

// unknown refuses settings of other versions of diffusers, unless they are off.
func unknown(raw []byte) error {
	var all, known map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	names, _ := json.Marshal(config{})
	_ = json.Unmarshal(names, &known)
	for name, value := range all {
		_, ok := known[name]
		if ok || name[:min(1, len(name))] == "_" {
			continue
		}
		switch value {
		case nil, false, 0.0, "":
		default:
			return fmt.Errorf("unknown setting %q", name)
		}
	}
	return nil
}
